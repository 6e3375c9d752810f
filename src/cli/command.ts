/** What the commands share: how they read their settings, and how they end. */
import { type Config, ConfigError, dataDirOf, processEnvironment, readConfig } from '../config.ts'
import { sandboxCredentials } from '../start/sandbox-credentials.ts'

/** The configuration as the program would read it; a text of one line for each problem where it cannot be used. */
export function readSettings(): Config | string {
  const environment = processEnvironment()
  try {
    return readConfig(environment, sandboxCredentials(dataDirOf(environment)))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n')
    throw error
  }
}

/** @returns the exit code of a command that has done what it could */
export function say(sentence: string): number {
  console.log(sentence)
  return 0
}

/** @returns the exit code of a command that has failed */
export function fail(sentence: string): number {
  console.error(sentence)
  return 1
}
