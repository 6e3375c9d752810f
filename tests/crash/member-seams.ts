import type { MemberStoryName } from './member-expected.ts'

/** Every seam of the members' jobs, under the shortest story that passes it. Held complete by `member-stories.test.ts`. */
export const MEMBER_SEAMS: Record<MemberStoryName, readonly string[]> = {
  join: [
    'webhook.clerk.before-commit',
    'webhook.clerk.after-commit',
    'webhook.stripe.before-commit',
    'webhook.stripe.after-commit',
    'webhook-delivery.handle the delivery.before',
    'webhook-delivery.handle the delivery.after',
    'clerk-news.before-commit',
    'stripe-news.before-commit',
    'member-sync.update the contact.before',
    'member-sync.after-address',
    'member-sync.update the contact.after',
    'mailchimp.welcome.before-intent',
    'mailchimp.welcome.after-intent',
    'mailchimp.welcome.before-call',
    'mailchimp.welcome.after-call',
    'mailchimp.welcome.after-record',
    'member-sync.note what was done.before-commit',
    'member-sync.note what was done.after-commit',
  ],
  stumble: [
    'webhook-delivery.hand over to the retry.before-commit',
    'webhook-delivery.hand over to the retry.after-commit',
    'webhook-retry.handle the delivery.before',
    'webhook-retry.handle the delivery.after',
  ],
  outside: ['events.before-commit', 'events.after-commit'],
  arrive: [
    'schedules.fire.before-commit',
    'slack-sync.see whether it was synced before.before',
    'slack-sync.see whether it was synced before.after',
    'slack-sync.read the workspace.before',
    'slack-sync.after-page',
    'slack-sync.read the workspace.after',
    'slack-sync.find the members.before',
    'slack-sync.after-batch',
    'slack-sync.find the members.after',
    'slack-sync.make the user group right.before',
    'slack-sync.make the user group right.after',
    'slack-sync.note what changed.before-commit',
    'slack-sync.note what changed.after-commit',
    'slack-sync.tell the operators.before-commit',
    'slack-sync.tell the operators.after-commit',
    'slack.notice.before-intent',
    'slack.notice.after-intent',
    'slack.notice.before-call',
    'slack.notice.after-call',
    'slack.notice.after-record',
  ],
  leave: [
    'member-deactivation.see whether it is due.before',
    'member-deactivation.see whether it is due.after',
    'member-deactivation.ask Stripe again.before',
    'member-deactivation.ask Stripe again.after',
    'member-deactivation.end the membership.before-commit',
    'member-deactivation.end the membership.after-commit',
    'slack-group.take the requests.before-commit',
    'slack-group.take the requests.after-commit',
    'slack-group.look for the members in Slack.before',
    'slack-group.look for the members in Slack.after',
    'slack-group.before-call#2',
    'slack-group.after-call#2',
    'slack-group.make the user group right.before',
    'slack-group.make the user group right.after',
    'slack-group.note what changed.before-commit',
    'slack-group.note what changed.after-commit',
  ],
  takeBack: ['slack-group.before-call#3', 'slack-group.after-call#3'],
  attend: [
    'luma-approval.list the upcoming events.before',
    'luma-approval.list the upcoming events.after',
    'luma-approval.see whether too many would be declined.before',
    'luma-approval.see whether too many would be declined.after',
    'luma-approval.answer the guests of event 1.before',
    'luma-approval.after-intent',
    'luma-approval.before-call',
    'luma-approval.after-call',
    'luma-approval.after-record',
    'luma-approval.answer the guests of event 1.after',
    'luma-approval.note what was done.before-commit',
    'luma-approval.note what was done.after-commit',
    'luma-approval.read what was asked.before',
    'luma-approval.read what was asked.after',
  ],
  tidy: [
    'cleanup.remove deliveries 1.before-commit',
    'cleanup.remove deliveries 1.after-commit',
    'cleanup.remove runs 1.before',
    'cleanup.remove runs 1.after',
    'cleanup.note what was removed.before-commit',
    'cleanup.note what was removed.after-commit',
  ],
}

/**
 * A seam that is passed as another one is, by the same code with another argument; the pass (`#2`) does not matter either.
 */
export function sameSeam(name: string): string {
  return name
    .replace(/#\d+$/, '')
    .replace(/^(luma-approval\.answer the guests of event) \d+/, '$1 1')
    .replace(/^(cleanup\.remove) (?!runs)\w+ \d+/, '$1 deliveries 1')
    .replace(/^(cleanup\.remove runs) \d+/, '$1 1')
}
