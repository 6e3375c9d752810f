import type { Outcome } from '../support/stories.ts'

export type StoryName = 'approve' | 'deny' | 'expire' | 'complete' | 'lapse'

const THANKS = 'Thank you! We have your job post (REF) and will text you once it is reviewed.'
const QUESTION =
  'We could not make a job post of your text (REF). Please reply within 24 hours with the job title, the company, where it is, how to apply and what the job is about.'

/** How the outside world ends, for each story: one Slack message, at most one Circle post, one text per outcome. */
export const EXPECTED: Record<StoryName, Outcome> = {
  approve: {
    texts: [THANKS, '“Senior Gardener” is live: URL (REF)'],
    slackMessages: 1,
    slackState: ':white_check_mark: Approved by <@U0SANDAMARA> TIME · <URL|Published on Circle>',
    slackReplies: 0,
    circlePosts: 1,
  },
  deny: {
    texts: [THANKS, '“Senior Gardener” (REF) was not approved. We only post paid jobs.'],
    slackMessages: 1,
    slackState: ':x: Denied by <@U0SANDAMARA> TIME: We only post paid jobs',
    slackReplies: 0,
    circlePosts: 0,
  },
  expire: {
    texts: [
      THANKS,
      '“Senior Gardener” (REF) was not reviewed in time. Please text it again if it is still open.',
    ],
    slackMessages: 1,
    slackState: ':hourglass: Timed out after 7 days',
    slackReplies: 2,
    circlePosts: 0,
  },
  complete: {
    texts: [THANKS, QUESTION, 'Thank you, we added that to REF.'],
    slackMessages: 1,
    slackState: 'Waiting for a decision until TIME',
    slackReplies: 0,
    circlePosts: 0,
  },
  lapse: { texts: [THANKS, QUESTION], slackMessages: 0, slackState: '', slackReplies: 0, circlePosts: 0 },
}
