import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canReach, type ServerAccount } from './account.ts'

/**
 * Where the server's programs and its data live. Normally `node_modules` and the data folder. When root starts the
 * program from a place that only root may enter (a clone in /root, as in most containers), the server's own account
 * could reach neither, so both move below /var/lib/kinkeeper, in a folder named after the data folder.
 */
export type Placement = { binDir: string; dataDir: string; account: ServerAccount | null }

const SHARED_HOME = '/var/lib/kinkeeper'

/**
 * @param nativeDir the folder of the platform package that holds bin/, lib/ and share/
 * @param dataDir Kinkeeper's data folder (created when absent)
 */
export function place(nativeDir: string, dataDir: string, account: ServerAccount | null): Placement {
  mkdirSync(dataDir, { recursive: true })
  const home = realpathSync(dataDir)
  if (!account) return { binDir: join(nativeDir, 'bin'), dataDir: join(home, 'postgres'), account }

  const elsewhere = join(SHARED_HOME, createHash('sha256').update(home).digest('hex').slice(0, 12))
  const dataHome = canReach(account, home) ? home : elsewhere
  const binDir = canReach(account, join(nativeDir, 'bin', 'initdb'))
    ? join(nativeDir, 'bin')
    : copyPrograms(nativeDir, elsewhere)
  mkdirSync(dataHome, { recursive: true, mode: 0o755 })
  return { binDir, dataDir: join(dataHome, 'postgres'), account }
}

/** Copies bin/, lib/ and share/ once per PostgreSQL version; a copy cut short by a crash is never used. */
function copyPrograms(nativeDir: string, home: string): string {
  const version = createHash('sha256').update(realpathSync(nativeDir)).digest('hex').slice(0, 8)
  const target = join(home, `programs-${version}`)
  if (!existsSync(target)) {
    const partial = `${target}.partial-${process.pid}`
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 })
    cpSync(nativeDir, partial, { recursive: true, verbatimSymlinks: true })
    try {
      renameSync(partial, target)
    } catch {
      rmSync(partial, { recursive: true, force: true })
    }
  }
  return join(target, 'bin')
}
