import type { Approvals } from '../../approvals/index.ts'
import type { Connectors, ProviderMode, ProviderName } from '../../connectors/contract.ts'
import type { Database, Transaction } from '../../database/index.ts'
import type { RunStarter } from '../../engine/index.ts'
import type { Clock } from '../../primitives/index.ts'
import type { MessageSyncJob } from './message-sync.ts'
import type { NoticeJob } from './notice.ts'
import type { PublicationJob } from './publication.ts'

/** What the runs of this job work with. `starter` and `approvals` are resolved late: they need the jobs to exist first. */
export type Parts = {
  database: Database
  clock: Clock
  connectors: Connectors
  modes: Record<ProviderName, ProviderMode>
  /** The moderators' channel; null when Slack is off. */
  slackChannel: string | null
  starter: () => RunStarter
  approvals: () => Approvals
}

/** The continuations that one run hands over to the next. */
export type Continuations = { notice: NoticeJob; messageSync: MessageSyncJob; publication: PublicationJob }

/** Starts the run that brings the Slack message up to this version. */
export async function startMessageSync(
  parts: Parts,
  job: MessageSyncJob,
  tx: Transaction,
  submission: { id: string; version: number },
): Promise<void> {
  await parts.starter().start(tx, job, { submissionId: submission.id, version: submission.version })
}
