export type { RefusalCounter, RefusalReason } from './refusals.ts'
export {
  type SlackDecisions,
  type SlackInteractionOptions,
  slackInteractionHandler,
} from './slack-interaction.ts'
export { type TwilioSmsOptions, twilioSmsHandler } from './twilio-sms.ts'
