import type { AuditSealer } from '../audit/index.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/index.ts'
import type { Slots } from '../engine/index.ts'
import type { AlertRules } from '../monitoring/alerts/index.ts'
import type { Telemetry } from '../monitoring/index.ts'
import type { Clock, Logger } from '../primitives/index.ts'
import type { Role } from './role.ts'

/** What everything else stands on. */
export type Base = {
  config: Config
  logger: Logger
  database: Database
  clock: Clock
  slots: Slots
  telemetry: Telemetry
  sealer: AuditSealer
  alertRules: AlertRules
  sandbox: { url: string } | null
  role: Role
}

/** What is to be undone when the program stops, in the order in which it was done. */
export type Undo = (() => Promise<unknown>)[]
