import { parseArgs } from 'node:util'
import { ConfigError } from '../config.ts'

const ROLES = ['web', 'worker', 'all'] as const

/**
 * What this process does: `web` answers requests and starts runs, `worker` executes them and answers only how it is,
 * `all` (the default) does both. Any number of each share one database.
 */
export type Role = (typeof ROLES)[number]

/** @param args of the command line: `--role web` @throws ConfigError with a sentence */
export function readRole(args: string[]): Role {
  try {
    const { values } = parseArgs({ args, options: { role: { type: 'string', default: 'all' } } })
    const role = ROLES.find((known) => known === values.role)
    if (role) return role
  } catch {
    // Told below: an option that is none is the same mistake.
  }
  throw new ConfigError(['Start it with "npm start", or with "npm start -- --role web", "worker" or "all".'])
}
