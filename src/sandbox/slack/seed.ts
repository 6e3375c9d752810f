/** The community's Slack as everybody finds it: four moderators, our bot, two channels. */
import type { SandboxOptions } from '../config.ts'
import type { SlackChannel, SlackUser } from './model.ts'

export const TEAM = { id: 'T0SANDBOX01', name: 'Sandbox Community', domain: 'sandbox-community' }
export const APP_ID = 'A0SANDKINKP'
export const BOT = { id: 'B0SANDKINKP', userId: 'U0SANDKINKP', name: 'kinkeeper' }

/** The people of the workspace, the bot's own user last. */
export function seedUsers(): SlackUser[] {
  return [
    person('U0SANDAMARA', 'amara', 'Amara Okafor', 'America/New_York'),
    person('U0SANDDIEGO', 'diego', 'Diego Ramírez', 'America/Mexico_City'),
    person('U0SANDHANNA', 'hanna', 'Hanna Lindqvist', 'Europe/Stockholm'),
    person('U0SANDKENJI', 'kenji', 'Kenji Watanabe', 'Asia/Tokyo'),
    person(BOT.userId, BOT.name, 'Kinkeeper', 'America/Los_Angeles'),
  ]
}

/** #jobs and #alerts, under the ids that the application was given. */
export function seedChannels(options: SandboxOptions): SlackChannel[] {
  return [
    { id: channelId(options.slackJobsChannel, 'C0SANDJOBS0'), name: 'jobs', topic: 'Job posts to approve' },
    {
      id: channelId(options.slackAlertsChannel, 'C0SANDALERTS'),
      name: 'alerts',
      topic: 'What needs an engineer',
    },
  ]
}

function channelId(given: string, otherwise: string): string {
  return /^[CG][A-Z0-9]{2,}$/.test(given) ? given : otherwise
}

function person(id: string, name: string, realName: string, timezone: string): SlackUser {
  return { id, name, realName, email: `${name}@sandbox.example`, timezone }
}
