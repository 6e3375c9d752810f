import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What each room may import. A room not named here is a mistake; the order is the direction of the design. */
const ROOMS: Record<string, readonly string[]> = {
  primitives: [],
  extraction: ['primitives'],
  database: ['primitives', 'extraction'],
  connectors: ['primitives'],
  engine: ['primitives', 'database'],
  governor: ['primitives', 'database', 'engine', 'connectors (types)'],
  audit: ['primitives', 'database'],
  community: ['primitives', 'extraction', 'database', 'audit'],
  approvals: ['primitives', 'database', 'engine', 'audit'],
  'dead-letters': ['primitives', 'database', 'engine', 'audit'],
  jobs: [
    'primitives',
    'extraction',
    'database',
    'engine',
    'audit',
    'community',
    'approvals',
    'connectors (types)',
  ],
  webhooks: ['primitives', 'database', 'engine', 'audit', 'community', 'approvals', 'connectors (types)'],
  // Audit: what people do about alerts. Connectors: alerts are told by them.
  monitoring: ['primitives', 'database', 'engine', 'audit', 'connectors (types)'],
  server: [
    'governor',
    'primitives',
    'extraction',
    'database',
    'engine',
    'audit',
    'community',
    'approvals',
    'dead-letters',
    'jobs',
    'webhooks',
    'monitoring',
    'connectors (types)',
  ],
  sandbox: ['primitives', 'extraction'],
}
/** The composition root and the command line put the rooms together. */
const ROOTS = new Set([
  'start',
  'cli',
  'main.ts',
  'config.ts',
  'provider-config.ts',
  'provider-credentials.ts',
  'membership-config.ts',
  'alert-config.ts',
  'monitoring-config.ts',
])
/** Type-only files of a room that others name by path, because importing the room would be the wrong direction at run time. */
const TYPE_FILES = new Set([
  'src/extraction/schema.ts',
  'src/connectors/contract.ts',
  'src/connectors/membership-contract.ts',
  'src/connectors/slack/blocks.ts',
  'src/server/contract.ts',
])

type Import = { file: string; room: string; target: string; targetRoom: string; typeOnly: boolean }

const sources = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.test.ts'))
const imports = sources.flatMap((file) => importsOf(file))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?([^'";]*?\s+from\s+)?'(\.[^']+)'/gms)
  return [...statements].map((statement) => {
    const target = normalize(join(dirname(file), statement[3] ?? ''))
    return {
      file,
      room: roomOf(file),
      target,
      targetRoom: roomOf(target),
      typeOnly: statement[1] !== undefined || namesTypesOnly(statement[2] ?? ''),
    }
  })
}

/** `{ type A, type B } from`: gone when the program runs. */
function namesTypesOnly(names: string): boolean {
  const listed = /\{([^}]*)\}/.exec(names)?.[1]?.split(',') ?? []
  const named = listed.map((name) => name.trim()).filter((name) => name !== '')
  return named.length > 0 && named.every((name) => name.startsWith('type '))
}

function roomOf(file: string): string {
  return file.split('/')[1] ?? ''
}

test('every import goes in the direction of the design', () => {
  const wrong = imports.filter(({ room, targetRoom, typeOnly }) => {
    if (room === targetRoom || ROOTS.has(room)) return false
    const allowed = ROOMS[room]
    if (!allowed) return true
    return !allowed.includes(targetRoom) && !(typeOnly && allowed.includes(`${targetRoom} (types)`))
  })
  expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
})

test('no file needs itself at run time', () => {
  const needs = Map.groupBy(
    imports.filter(({ typeOnly }) => !typeOnly),
    ({ file }) => file,
  )
  const circles: string[] = []
  const done = new Set<string>()
  const follow = (file: string, path: readonly string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    else if (!done.has(file)) for (const { target } of needs.get(file) ?? []) follow(target, [...path, file])
    done.add(file)
  }
  for (const file of sources) follow(file, [])
  expect(circles).toEqual([])
})

test('rooms are entered by their index alone', () => {
  const around = imports.filter(({ room, target, targetRoom, typeOnly }) => {
    if (room === targetRoom || ROOTS.has(targetRoom) || target.endsWith('/index.ts')) return false
    return !(typeOnly && TYPE_FILES.has(target))
  })
  expect(around.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
})

test('the dashboard sees the server as types only', () => {
  const files = globSync('dashboard/**/*.{ts,tsx}', { cwd: ROOT }).filter(
    (file) => !/\.test\.tsx?$/.test(file),
  )
  const wrong = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    return [...text.matchAll(/^import\s+(type\s+)?[^'";]*?from\s+'([^']*\/src\/[^']*)'/gm)]
      .filter((statement) => statement[1] === undefined)
      .map((statement) => `${file} imports ${statement[2]}`)
  })
  expect(wrong).toEqual([])
})

test('the machine’s time and the environment are read in one place each', () => {
  const offenders = sources.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    const time =
      file !== 'src/primitives/clock.ts' && /\bDate\.now\(\)|new Date\(\)/.test(text)
        ? [`${file} reads the time`]
        : []
    const environment =
      !file.endsWith('config.ts') && /\bprocess\.env\b/.test(text) ? [`${file} reads the environment`] : []
    return [...time, ...environment]
  })
  expect(offenders).toEqual([])
})

test('files are short enough to be read top to bottom', () => {
  const files = [
    ...sources,
    ...globSync('dashboard/**/*.{ts,tsx}', { cwd: ROOT }),
    ...globSync('{src,tests,dashboard}/**/*.test.{ts,tsx}', { cwd: ROOT }),
  ]
  const long = [...new Set(files)].flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1
    const limit = /\.test\.tsx?$/.test(file) ? 500 : 300
    return lines > limit ? [`${file}: ${lines} lines`] : []
  })
  expect(long).toEqual([])
})
