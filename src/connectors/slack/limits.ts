import type { ProviderLimits } from '../contract.ts'

/**
 * Tiers of Web API methods, each method counted by itself, per workspace: 20+, 50+ and 100+ a minute. Messages: one a
 * second per channel with short bursts, and several hundred a minute over the workspace.
 * https://docs.slack.dev/apis/web-api/rate-limits (2026-11)
 */
export const SLACK_LIMITS: ProviderLimits = {
  rates: [
    {
      name: 'messages in a channel',
      operations: ['chat.postMessage'],
      perSubject: true,
      burst: 20,
      perMinute: 40,
    },
    { name: 'messages', operations: ['chat.postMessage'], burst: 60, perMinute: 140 },
    ...['users.list', 'usergroups.list', 'usergroups.users.list', 'usergroups.users.update'].map(tier(20)),
    ...['usergroups.enable', 'usergroups.disable'].map(tier(20)),
    ...['chat.update', 'conversations.history', 'conversations.replies', 'users.lookupByEmail'].map(tier(50)),
    ...['views.open', 'chat.postEphemeral', 'users.info'].map(tier(100)),
  ],
}

/** A method's own bucket: half of the tier's number at once, since people come in bursts, and never more than it a minute. */
function tier(aMinute: number) {
  return (method: string) => ({
    name: method,
    operations: [method],
    burst: aMinute / 2,
    perMinute: aMinute / 2,
  })
}
