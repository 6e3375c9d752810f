import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * PostgreSQL refuses to run as root. When root starts the program, the server runs under another account: `postgres`
 * where one exists, else one made for it, else `nobody`. For everybody else it runs as themselves.
 */
export type ServerAccount = { uid: number; gid: number; name: string }

const CANDIDATES = ['kinkeeper', 'postgres'] as const

/** The account the embedded server must run under; null when the current user will do. */
export function serverAccount(): ServerAccount | null {
  if (process.getuid?.() !== 0) return null
  return findAccount(CANDIDATES) ?? createAccount() ?? findAccount(['nobody']) ?? refuse()
}

function findAccount(names: readonly string[]): ServerAccount | null {
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of names) {
    const entry = lines.find((fields) => fields[0] === name)
    if (entry) return { name, uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  return null
}

/** Debian, Fedora and most others have `useradd`; Alpine's busybox has `adduser -S`. */
function createAccount(): ServerAccount | null {
  const commands = [
    ['useradd', '--system', '--no-create-home', '--user-group', 'kinkeeper'],
    ['adduser', '-S', '-D', '-H', 'kinkeeper'],
  ] as const
  for (const [command, ...args] of commands) {
    if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return findAccount(CANDIDATES)
  }
  return null
}

function refuse(): never {
  throw new Error(
    'PostgreSQL does not run as root, and no other account could be found or made. Start Kinkeeper as an ordinary user, or set DATABASE_URL.',
  )
}

/** Whether the account can enter the folder (or read and run the file) at this path. */
export function canReach(account: ServerAccount, path: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -r "$1" && test -x "$1"', 'sh', path], {
      uid: account.uid,
      gid: account.gid,
      cwd: '/',
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}
