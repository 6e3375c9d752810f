/**
 * A gate: everything that runs in production is under a licence that lets it, and `docs/licences.md` lists all of it as
 * `package-lock.json` has it. `npm run licences` writes that page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = `${ROOT}/docs/licences.md`
/** Permissive, or with a duty that using it unchanged fulfils: MPL-2.0 (Vite's CSS), OFL-1.1 (the typeface). */
const ALLOWED = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'PostgreSQL',
  'Python-2.0',
  'MPL-2.0',
  'OFL-1.1',
])

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
    }),
  ),
})
type Package = { name: string; version: string; licence: string | null }

process.exitCode = checkLicences(process.argv.includes('--write'))

function checkLicences(write: boolean): number {
  const packages = readPackages()
  const refused = packages.filter(({ licence }) => licence === null || !isAllowed(licence))
  for (const { name, version, licence } of refused)
    console.error(
      `${name} ${version}: ${licence ?? 'no licence is stated'}. Do without it, or read it and allow it in src/cli/licences.ts.`,
    )
  const page = pageOf(packages)
  if (write) writeFileSync(PAGE, page)
  const isCurrent = readPage() === page
  if (!isCurrent) console.error('docs/licences.md is not what package-lock.json says: npm run licences')
  if (refused.length === 0 && isCurrent)
    console.log(`${packages.length} packages, each under a licence that is allowed.`)
  return refused.length === 0 && isCurrent ? 0 : 1
}

/** Everything but what is installed for development only; each name and version once. */
function readPackages(): Package[] {
  const lock = lockSchema.parse(JSON.parse(readFileSync(`${ROOT}/package-lock.json`, 'utf8')))
  const found = new Map<string, Package>()
  for (const [path, { version = '', license, dev, devOptional }] of Object.entries(lock.packages)) {
    if (path === '' || dev || devOptional) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    found.set(`${name}@${version}`, { name, version, licence: license ?? licenceOf(path) })
  }
  return [...found.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version))
}

/** A lock file does not always say; the package itself may. */
function licenceOf(path: string): string | null {
  try {
    const { license } = z
      .object({ license: z.string() })
      .parse(JSON.parse(readFileSync(`${ROOT}/${path}/package.json`, 'utf8')))
    return license
  } catch {
    return null
  }
}

/** An SPDX expression of names, AND and OR: one of the alternatives has to be allowed as a whole. */
function isAllowed(expression: string): boolean {
  const alternatives = expression.replaceAll(/[()]/g, ' ').split(/\s+OR\s+/)
  return alternatives.some((all) => all.split(/\s+AND\s+/).every((name) => ALLOWED.has(name.trim())))
}

function pageOf(packages: readonly Package[]): string {
  const counts = new Map<string, number>()
  for (const { licence } of packages) counts.set(licence ?? '?', (counts.get(licence ?? '?') ?? 0) + 1)
  const summary = [...counts]
    .sort(([a, m], [b, n]) => n - m || compare(a, b))
    .map(([name, count]) => `${count} ${name}`)
  return `# Licences of what runs in production

Written by \`npm run licences\` from \`package-lock.json\`; \`npm run check\` compares. Together: ${summary.join(', ')}.

| package | version | licence |
|---|---|---|
${packages.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence ?? '?'} |`).join('\n')}
`
}

function readPage(): string | null {
  try {
    return readFileSync(PAGE, 'utf8')
  } catch {
    return null
  }
}

/** The same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
