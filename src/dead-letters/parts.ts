import type { Database } from '../database/index.ts'
import type { Job, RunStarter } from '../engine/index.ts'
import type { Clock, Logger } from '../primitives/index.ts'

/** What acting on dead letters works with. `jobs` are all jobs by name; known once all of them are put together. */
export type LetterParts = {
  database: Database
  clock: Clock
  logger: Logger
  starter: () => RunStarter
  jobs: () => ReadonlyMap<string, Job>
}

/** More than so many at once needs a second person. */
export const ALONE_AT_MOST = 20
