import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../config.ts'
import { type AlertRules, parseRules } from '../monitoring/alerts/index.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHIPPED = join(ROOT, 'alerts.yaml')

/**
 * Reads the alert rules.
 * @param file ALERTS_FILE; null: the rules that ship with the program
 * @throws ConfigError with every problem at once, each with its line
 */
export function loadAlertRules(file: string | null): AlertRules {
  const path = file ?? SHIPPED
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError([
      file === null
        ? `${SHIPPED} is missing. Bring it back, or set ALERTS_FILE to a file of your own.`
        : `ALERTS_FILE is ${file}, which cannot be read. Set it to a file that is there, or unset it for the rules that ship with Kinkeeper.`,
    ])
  }
  const parsed = parseRules(text, file ?? basename(SHIPPED), (name) => existsSync(pageOf(name)))
  if (!parsed.ok) throw new ConfigError(parsed.problems)
  return parsed.rules
}

/** The text of a runbook's page; null for none, and for one that is elsewhere on the web. */
export function readRunbook(runbook: string | null): string | null {
  if (runbook === null || runbook.startsWith('http')) return null
  const page = pageOf(runbook)
  return existsSync(page) ? readFileSync(page, 'utf8') : null
}

/** The name is checked to be kebab-case before it gets here. */
function pageOf(name: string): string {
  return join(ROOT, 'docs', 'runbooks', `${name}.md`)
}
