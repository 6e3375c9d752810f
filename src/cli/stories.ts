/** The stories: scenes of a community's life, told as they happen. Each stands alone and can be played again. */
import { MINUTE_MS } from '../primitives/index.ts'
import type { Person } from '../sandbox/index.ts'
import type { Stage } from './story-stage.ts'

export const STORIES = ['signup', 'renewal', 'cancel', 'reactivate', 'event-rush'] as const
export type Story = (typeof STORIES)[number]

/** Whether there is a story of this name. */
export function isStory(name: string): name is Story {
  return STORIES.some((story) => story === name)
}

/** A guest list that fills in a minute: so many guests, of whom some are members and a few have paid tickets. */
const RUSH = { events: 1, guestsPerEvent: 80, memberShare: 0.6, paidShare: 0.05 }

export const stories: Record<Story, (stage: Stage, seed: string) => Promise<void>> = {
  async signup(stage, seed) {
    const { length } = await stage.people()
    const person = await stage.call<Person>('POST', '/people/signup', {
      seed: `${seed}/${length}`,
      pay: false,
    })
    await stage.say(`${person.name} signs up with ${person.email}: Clerk sends user.created.`)
    const member = await stage.call<Person>('POST', `/people/${person.clerkUserId}/pay`, {})
    await stage.say(
      `${member.name} pays for ${member.plan}: Stripe sends checkout.session.completed, customer.subscription.created and invoice.paid.`,
    )
    await stage.settle()
    stage.look(`Members: ${member.name} is active until ${day(member.periodEndMs)}.`)
    stage.look('the Sandbox page: at Mailchimp the address has its tags and got one welcome mail.')
  },

  async renewal(stage) {
    const member = await nextToEnd(stage)
    await stage.say(`${member.name}'s period on ${member.plan} ends on ${day(member.periodEndMs)}.`)
    await stage.moveTo((member.periodEndMs ?? 0) + MINUTE_MS)
    const renewed = await stage.call<Person>('GET', `/people/${member.clerkUserId}`)
    await stage.say(
      `Stripe renews it until ${day(renewed.periodEndMs)}: invoice.paid and customer.subscription.updated. So does everyone else's whose period ended meanwhile.`,
    )
    await stage.settle()
    stage.look(
      `Members: ${member.name} stays a member, and what was planned for the old date has moved to the new one.`,
    )
  },

  async cancel(stage) {
    const member = await nextToEnd(stage)
    await stage.call('POST', `/people/${member.clerkUserId}/cancel`, { atPeriodEnd: true })
    await stage.say(
      `Step 1. ${member.name} cancels. What is paid for lasts until ${day(member.periodEndMs)}: Stripe sends customer.subscription.updated.`,
    )
    await stage.settle()
    stage.look(`Members: ${member.name} is still a member, with the end in sight.`)
    await stage.say('Step 2. The period ends.')
    await stage.moveTo((member.periodEndMs ?? 0) + MINUTE_MS)
    await stage.say(`${member.name}'s subscription has ended: Stripe sends customer.subscription.deleted.`)
    await stage.settle()
    stage.look(
      `Members: ${member.name} is an alumna or alumnus, out of the Slack group, and this can be undone.`,
    )
  },

  async reactivate(stage) {
    const former = (await stage.people())
      .filter((each) => !each.deleted && each.status === 'canceled')
      .sort((a, b) => (b.periodEndMs ?? 0) - (a.periodEndMs ?? 0))[0]
    if (!former) return stage.say('Nobody has left yet. Play this first: npm run story -- cancel')
    await stage.say(`${former.name}'s membership ended on ${day(former.periodEndMs)}.`)
    const back = await stage.call<Person>('POST', `/people/${former.clerkUserId}/reactivate`, {})
    await stage.say(
      `${back.name} comes back on ${back.plan}: the same customer at Stripe, a new subscription.`,
    )
    await stage.settle()
    stage.look(
      `Members: ${back.name} is active until ${day(back.periodEndMs)}. A welcome mail comes once in a life, not once a subscription.`,
    )
  },

  async 'event-rush'(stage, seed) {
    const members = (await stage.people()).flatMap(({ name, email, status, deleted }) =>
      email !== null && status === 'active' && !deleted ? [{ name, email }] : [],
    )
    const rush = await stage.call<{
      events: { name: string }[]
      guests: number
      memberGuests: number
      paidGuests: number
    }>('POST', '/luma/rush', { ...RUSH, seed, members })
    const names = rush.events.map(({ name }) => `“${name}”`).join(', ')
    await stage.say(
      `${rush.guests} people ask to come to ${names}: ${rush.memberGuests} are members, ${rush.paidGuests} have a paid ticket.`,
    )
    stage.look('Schedules: Luma approvals run at 09:00 and 21:00 UTC; "run now" there saves the wait.')
    stage.look(
      'the inbox: guests with paid tickets are one question, since approving them takes their money.',
    )
  },
}

/** The member whose paid period ends first. @throws Error when there is none */
async function nextToEnd(stage: Stage): Promise<Person> {
  const [first] = (await stage.people())
    .filter((each) => each.status === 'active' && !each.cancelAtPeriodEnd && !each.deleted)
    .sort((a, b) => (a.periodEndMs ?? 0) - (b.periodEndMs ?? 0))
  if (first) return first
  throw new Error('Nobody has an active subscription. Play this first: npm run story -- signup')
}

function day(atMs: number | null): string {
  return new Date(atMs ?? 0).toISOString().slice(0, 10)
}
