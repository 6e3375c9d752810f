import { type Config, providerModes } from '../config.ts'
import type { Connectors } from '../connectors/index.ts'
import type { RunStarter } from '../engine/index.ts'
import { type AlertRules, channelStates, defineNoticeJob, watchAlerts } from '../monitoring/alerts/index.ts'
import type { AlertDesk } from '../server/index.ts'
import { readRunbook } from './alert-rules.ts'
import type { Base } from './base.ts'

/** How every channel stands, by the settings. */
export function channelsOf(config: Config, { recipients }: AlertRules) {
  return channelStates({ modes: providerModes(config), slackChannel: operatorsChannel(config), recipients })
}

/** Where operators are told things in Slack; null while it is off. */
function operatorsChannel({ slack }: Config): string | null {
  return slack.settings?.alertsChannel ?? slack.settings?.jobsChannel ?? null
}

/** The alert rules at work: the job that tells of them, what people may do, and what evaluates them. */
export function createAlerting(
  { config, database, clock, logger, alertRules }: Base,
  options: { connectors: Connectors; starter: () => RunStarter },
): { desk: AlertDesk; watch(): { stop(): Promise<void> } } {
  const { rules, recipients } = alertRules
  const notices = defineNoticeJob({
    database,
    clock,
    connectors: options.connectors,
    recipients,
    slackChannel: operatorsChannel(config),
    publicUrl: config.publicUrl,
  })
  const parts = {
    ...{ database, clock, rules, notices },
    channels: channelsOf(config, alertRules),
    starter: options.starter,
  }
  return {
    desk: { ...parts, readRunbook },
    watch: () => watchAlerts({ ...parts, logger }),
  }
}
