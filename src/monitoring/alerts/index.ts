export { type ActionParts, acknowledgeAlert, muteRule, testRule } from './actions.ts'
export { type ChannelState, type ChannelStates, channelStates } from './channels.ts'
export { holdsThroughout } from './conditions.ts'
export { type EvaluationParts, evaluateRules } from './evaluate.ts'
export { defineNoticeJob, NOTICE_TO_START, type NoticeJob } from './notice-job.ts'
export {
  type AlertRule,
  type AlertRules,
  CHANNELS,
  type Channel,
  SEVERITIES,
  type Severity,
} from './rules.ts'
export { parseRules } from './rules-file.ts'
export { actPathOf } from './telling.ts'
export { watchAlerts } from './watch.ts'
