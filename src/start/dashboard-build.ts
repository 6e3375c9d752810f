import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const DASHBOARD_DIR = join(ROOT, 'dist', 'dashboard')

/** Builds the dashboard with Vite when it has never been built, or its sources are newer. Returns whether it did. */
export async function ensureDashboard(): Promise<boolean> {
  const built = join(DASHBOARD_DIR, 'index.html')
  const sources = globSync(['dashboard/**/*', 'vite.config.ts', 'package-lock.json'], { cwd: ROOT })
  const newest = Math.max(0, ...sources.map((file) => statSync(join(ROOT, file)).mtimeMs))
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return false
  const { build } = await import('vite')
  await build({ root: join(ROOT, 'dashboard'), configFile: join(ROOT, 'vite.config.ts'), logLevel: 'error' })
  return true
}
