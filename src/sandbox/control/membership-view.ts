/** Mailchimp's, Luma's and Slack's members in the world's view. */
import type { Load } from '../load.ts'
import type { GuestStatus, LumaCharge, LumaMail } from '../luma/model.ts'
import type { ContactMail, ContactStatus } from '../mailchimp/model.ts'
import { BOT } from '../slack/seed.ts'
import type { World } from '../world.ts'

export type MailchimpView = {
  contacts: {
    email: string
    status: ContactStatus
    tags: string[]
    mergeFields: Record<string, string | number>
    /** What automations sent; requests to confirm are counted apart. */
    mails: ContactMail[]
    confirmations: number
  }[]
  load: Load
}

/** Without the guests, who are many: `/control/luma/events/{id}/guests`. */
export type LumaView = {
  events: { id: string; name: string; startAtMs: number; counts: Partial<Record<GuestStatus, number>> }[]
  mails: LumaMail[]
  charges: LumaCharge[]
  load: Load
}

export type WorkspaceView = {
  /** People, deactivated ones too, and our own bot. */
  users: { id: string; name: string; realName: string; email: string; deleted: boolean }[]
  usergroups: { id: string; handle: string; name: string; userIds: string[]; disabled: boolean }[]
}

type Latest = <T>(list: T[]) => T[]

/** The contacts in the order in which they came, each with all its mails. */
export function viewMailchimp(world: World, latest: Latest): MailchimpView {
  return {
    contacts: latest(world.mailchimp.contacts.values()).map((contact) => ({
      email: contact.email,
      status: contact.status,
      tags: contact.tags.map(({ name }) => name),
      mergeFields: contact.mergeFields,
      mails: contact.mails,
      confirmations: contact.confirmationsMs.length,
    })),
    load: world.load.read('mailchimp'),
  }
}

/** The events, each with how many guests are in which status, and what guests were mailed and charged. */
export function viewLuma(world: World, latest: Latest): LumaView {
  const { luma } = world
  return {
    events: luma.events.values().map(({ id, name, startMs }) => {
      const counts: Partial<Record<GuestStatus, number>> = {}
      for (const { status } of luma.guests.find('event', id)) counts[status] = (counts[status] ?? 0) + 1
      return { id, name, startAtMs: startMs, counts }
    }),
    mails: latest(luma.mails.values()),
    charges: latest(luma.charges.values()),
    load: world.load.read('luma'),
  }
}

/** Everybody who could click, and the user groups. */
export function viewWorkspace(world: World): WorkspaceView {
  return {
    users: world.slack.users
      .values()
      .filter((user) => !user.bot || user.id === BOT.userId)
      .map((user) => ({
        id: user.id,
        name: user.name,
        realName: user.realName,
        email: user.email,
        deleted: user.deleted ?? false,
      })),
    usergroups: world.slack.usergroups.values().map(({ id, handle, name, userIds, disabledMs }) => ({
      id,
      handle,
      name,
      userIds,
      disabled: disabledMs !== null,
    })),
  }
}
