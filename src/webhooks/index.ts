export { clerkHandler } from './clerk.ts'
export { eventsHandler, ingestHandler, type KnownEvent } from './events.ts'
export { answerInTime } from './in-time.ts'
export type { RefusalCounter, RefusalReason } from './refusals.ts'
export { scheduledJobHandler } from './scheduled-jobs.ts'
export {
  type SlackDecisions,
  type SlackInteractionOptions,
  slackInteractionHandler,
} from './slack-interaction.ts'
export { stripeHandler } from './stripe.ts'
export { type TwilioSmsOptions, twilioSmsHandler } from './twilio-sms.ts'
