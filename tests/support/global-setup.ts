import type { TestProject } from 'vitest/node'
import { ensureDashboard } from '../../src/start/dashboard-build.ts'
import { startTestServer } from './test-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

/**
 * One server for the whole test run; every test database is copied from its template. The dashboard is built here if
 * need be, because every program that a test starts would build it into the same folder at once.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server] = await Promise.all([startTestServer(), ensureDashboard()])
  project.provide('postgresUrl', server.url)
  return () => server.stop()
}
