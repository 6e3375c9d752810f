import {
  type ConnectorSettings,
  type Connectors,
  createConnectors,
  openGate,
} from '../../src/connectors/index.ts'

/** The account that the Twilio connector signs in with. */
export const ACCOUNT_SID = `AC${'0'.repeat(32)}`

/**
 * Every connector pointed at one address, each under its own prefix, by the same settings an operator has. With nothing
 * else said, the gate is open and the time that each waits is its own.
 */
export function connectorsAt(
  url: string,
  { timeoutMs, gate = openGate }: { timeoutMs?: number; gate?: ConnectorSettings['gate'] } = {},
): Connectors {
  return createConnectors({
    gate,
    slack: { token: 'xoxb-test', apiUrl: `${url}/slack/api/`, timeoutMs },
    circle: { token: 'circle-test', spaceId: 7, apiUrl: `${url}/circle/`, timeoutMs },
    twilio: {
      accountSid: ACCOUNT_SID,
      authToken: 'secret',
      from: '+15005550006',
      apiUrl: `${url}/twilio`,
      timeoutMs,
    },
    openai: { apiKey: 'sk-test', model: 'gpt-test', baseUrl: `${url}/openai/v1`, timeoutMs },
    mailchimp: {
      apiKey: 'mailchimp-test-us21',
      listId: 'list1',
      welcome: { journeyId: 11, stepId: 22 },
      apiUrl: `${url}/mailchimp/3.0`,
      timeoutMs,
    },
    luma: { apiKey: 'luma-test', apiUrl: `${url}/luma`, timeoutMs },
    stripe: { apiKey: 'sk_test_1', apiUrl: `${url}/stripe`, timeoutMs },
    clerk: { secretKey: 'sk_test_2', apiUrl: `${url}/clerk`, timeoutMs },
    pagerduty: { routingKey: 'k'.repeat(32), eventsUrl: `${url}/pagerduty`, timeoutMs },
    email: { smtpUrl: 'smtp://127.0.0.1:9', from: 'kinkeeper@example.org', timeoutMs },
  })
}
