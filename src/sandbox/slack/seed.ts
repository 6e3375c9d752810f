/** The community's Slack as everybody finds it: four moderators, our bot and two others, two channels, a user group. */
import type { SandboxOptions } from '../config.ts'
import type { SlackChannel, SlackUser, SlackUsergroup } from './model.ts'

export const TEAM = { id: 'T0SANDBOX01', name: 'Sandbox Community', domain: 'sandbox-community' }
export const APP_ID = 'A0SANDKINKP'
export const BOT = { id: 'B0SANDKINKP', userId: 'U0SANDKINKP', name: 'kinkeeper' }
/** Slack's own bot, in every workspace; the only bot that says `is_bot: false`. */
export const SLACKBOT = 'USLACKBOT'

/** The people of the workspace, then the bots, ours first. */
export function seedUsers(): SlackUser[] {
  return [
    person('U0SANDAMARA', 'amara', 'Amara Okafor', 'America/New_York'),
    person('U0SANDDIEGO', 'diego', 'Diego Ramírez', 'America/Mexico_City'),
    person('U0SANDHANNA', 'hanna', 'Hanna Lindqvist', 'Europe/Stockholm'),
    person('U0SANDKENJI', 'kenji', 'Kenji Watanabe', 'Asia/Tokyo'),
    bot(BOT.userId, BOT.name, 'Kinkeeper'),
    bot('U0SANDCALBT', 'calendar', 'Calendar'),
    bot(SLACKBOT, 'slackbot', 'Slackbot'),
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

/** The members' user group, under the id that the application was given, and empty as a new group is. */
export function seedUsergroup(options: SandboxOptions, nowMs: number): SlackUsergroup {
  return {
    id: options.slackMembersUsergroup,
    handle: 'members',
    name: 'Members',
    userIds: [],
    disabledMs: null,
    createdMs: nowMs,
    updatedMs: nowMs,
  }
}

function channelId(given: string, otherwise: string): string {
  return /^[CG][A-Z0-9]{2,}$/.test(given) ? given : otherwise
}

function bot(id: string, name: string, realName: string): SlackUser {
  return { ...person(id, name, realName, 'America/Los_Angeles'), bot: true }
}

function person(id: string, name: string, realName: string, timezone: string): SlackUser {
  return { id, name, realName, email: `${name}@sandbox.example`, timezone }
}
