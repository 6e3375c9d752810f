/**
 * The composition root: reads the configuration, opens the database, wires the rooms, starts, and on SIGTERM stops
 * taking work, lets what is under way finish, and leaves the rest to the next start.
 */
import { ConfigError, dataDirOf, processEnvironment, readConfig } from './config.ts'
import { createLogger, monotonicMs, serializeError } from './primitives/index.ts'
import { startApplication } from './start/application.ts'
import { readRole } from './start/role.ts'
import { sandboxCredentials } from './start/sandbox-credentials.ts'
import { startScreen } from './start/screen.ts'

const begun = monotonicMs()
const application = await begin().catch(complain)
if (application) {
  process.stdout.write(startScreen({ ...application.facts, tookMs: monotonicMs() - begun }))
  stopOnSignals(application.stop)
}

async function begin() {
  const environment = processEnvironment()
  const role = readRole(process.argv.slice(2))
  const config = readConfig(environment, sandboxCredentials(dataDirOf(environment)))
  return startApplication(config, role, createLogger(config.logLevel))
}

/** What is missing or wrong is a sentence; a stack trace helps nobody who only set a variable wrong. */
function complain(error: unknown): null {
  const sentences = error instanceof ConfigError ? error.problems : [serializeError(error).message]
  process.stderr.write(
    `\n  Kinkeeper cannot start:\n${sentences.map((sentence) => `  - ${sentence}\n`).join('')}\n  "npm run doctor" checks each requirement.\n\n`,
  )
  process.exit(1)
}

function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false
  const begin = () => {
    if (stopping) process.exit(1) // asked twice: at once
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${serializeError(error).message}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', begin)
  process.on('SIGINT', begin)
}
