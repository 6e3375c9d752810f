import { DBOSClient } from '@dbos-inc/dbos-sdk'
import type { Database } from '../database/index.ts'
import type { Clock } from '../primitives/index.ts'
import { APPLICATION_NAME } from './application.ts'
import type { Job } from './jobs.ts'
import { createStarter, type RunStarter } from './starter.ts'

/**
 * Starts runs from a process that executes none, such as a command: the program does, now or when it is next started.
 * @param options.jobs what is started, by name; their bodies are not used
 */
export async function openStarter(options: {
  database: Database
  clock: Clock
  jobs: readonly Job[]
}): Promise<{ starter: Pick<RunStarter, 'start'>; close(): Promise<void> }> {
  const client = await DBOSClient.create({
    systemDatabaseUrl: options.database.url,
    systemDatabasePoolSize: 1,
    systemDatabaseIdleTransactionTimeoutMs: 0,
    applicationName: APPLICATION_NAME,
  })
  return { starter: createStarter(client, options), close: () => client.destroy() }
}
