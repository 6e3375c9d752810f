import { crashSeams } from './config.ts'

/**
 * All crashes take more than ten minutes on two cores, so each test run takes some, from a place that differs from run
 * to run and is printed. `CRASH_SEAMS=all` takes all, `CRASH_SEAMS=2` those from the second on.
 * @param every one of so many is taken
 */
export function chooseCases<Case>(all: readonly Case[], every: number): Case[] {
  const chosen = crashSeams()
  if (chosen === 'all') return [...all]
  const offset = (chosen === null ? Math.floor(Math.random() * every) : Number(chosen) - 1) % every
  console.info(`Crashes: CRASH_SEAMS=${offset + 1} of ${every}; CRASH_SEAMS=all for every one`)
  return all.filter((_, index) => index % every === offset)
}
