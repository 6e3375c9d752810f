/**
 * A gate: no file under version control holds a secret. Each provider's keys have a form that is known; what is assigned
 * to something called a token, a secret or a password and looks random is taken for one too. Test vectors and examples
 * stand in `allowed-secrets.ts`, by a digest, each with its reason.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ALLOWED } from './allowed-secrets.ts'
import { NOT_CHECKED } from './exits.ts'
import { findSecrets } from './secret-forms.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LIMIT_BYTES = 4 * 1024 * 1024

process.exitCode = scanSecrets()

function scanSecrets(): number {
  const { stdout, status } = spawnSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) {
    console.error(
      'The files under version control are not known: this is no checkout of git, or git is missing.',
    )
    return NOT_CHECKED
  }
  const files = stdout.split('\0').filter(Boolean)
  const used = new Set<string>()
  let found = 0
  for (const file of files) {
    const text = readText(`${ROOT}/${file}`)
    if (text === null) continue
    for (const { rule, line, secret } of findSecrets(text)) {
      const digest = digestOf(secret)
      if (ALLOWED.has(digest)) {
        used.add(digest)
        continue
      }
      found += 1
      console.error(`${file}:${line}: ${rule} (${digest})`)
    }
  }
  if (found > 0)
    console.error(
      'Replace what is real where it was issued, then remove it. What is an example goes into src/cli/allowed-secrets.ts, by the digest in parentheses.',
    )
  const unused = [...ALLOWED].filter(([digest]) => !used.has(digest))
  for (const [digest, why] of unused)
    console.error(`src/cli/allowed-secrets.ts: ${digest} (${why}) is nowhere any more. Remove it.`)
  if (found + unused.length === 0) console.log(`${files.length} files hold no secret.`)
  return found + unused.length === 0 ? 0 : 1
}

/** Null: no text, not there (deleted, and not yet committed), or too large to have been written by hand. */
function readText(path: string): string | null {
  try {
    const bytes = readFileSync(path)
    return bytes.length > LIMIT_BYTES || bytes.includes(0) ? null : bytes.toString('utf8')
  } catch {
    return null
  }
}

/** So that the list of what is allowed does not itself hold what looks like a secret. */
function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 16)
}
