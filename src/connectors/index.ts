import { type CircleSettings, createCircleConnector } from './circle/circle-connector.ts'
import type { Connectors } from './contract.ts'
import { createOpenAiConnector, type OpenAiSettings } from './openai/openai-connector.ts'
import { createSlackConnector, type SlackSettings } from './slack/slack-connector.ts'
import { createTwilioConnector, type TwilioSettings } from './twilio/twilio-connector.ts'

export type * from './contract.ts'
export type { KnownBlock, ModalView } from './slack/blocks.ts'

export type ConnectorSettings = {
  slack: SlackSettings
  circle: CircleSettings
  twilio: TwilioSettings
  openai: OpenAiSettings
}

/** All connectors. None of them knows whether a provider or a stand-in answers at its address. */
export function createConnectors(settings: ConnectorSettings): Connectors {
  return {
    slack: createSlackConnector(settings.slack),
    circle: createCircleConnector(settings.circle),
    twilio: createTwilioConnector(settings.twilio),
    openai: createOpenAiConnector(settings.openai),
  }
}
