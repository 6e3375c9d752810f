/** A person as they follow from a seed, before anything of them is kept. */
import { derivedId } from '../derived-id.ts'
import { createRandom, type Random } from '../random.ts'
import { PRICES, type Price } from '../stripe/catalogue.ts'
import type { World } from '../world.ts'
import { DOMAINS, NAMES, TIMEZONES } from './names.ts'

/** Where somebody stands with their membership. */
export type Standing = 'active' | 'trialing' | 'past_due' | 'cancelling' | 'ended' | 'none'

export type Profile = {
  clerkUserId: string
  firstName: string
  lastName: string
  email: string
  timezone: string
  inSlack: boolean
  standing: Standing
  price: Price
  /** Whole periods that are over. */
  periods: number
  /** How much of the current period is over, 0 to 1. */
  elapsed: number
  /** Between signing up and paying. */
  hesitationMs: number
}

/** Of 100 people; the rest is active. */
const STANDINGS: readonly [Standing, number][] = [
  ['none', 6],
  ['trialing', 4],
  ['past_due', 4],
  ['cancelling', 6],
  ['ended', 5],
]
const IN_SLACK: Record<Standing, number> = {
  active: 0.88,
  trialing: 0.7,
  past_due: 0.88,
  cancelling: 0.85,
  ended: 0.5,
  none: 0.2,
}
/** Half of all members are on the monthly plan, few are patrons. */
const PLAN_SHARES = [0.52, 0.86, 0.95, 1]
const DAY_MS = 86_400_000

/** The person that a seed makes. Their address is free in the world, which decides whether it needs a number. */
export function profileOf(world: World, seed: string): Profile {
  const random = createRandom(seed)
  const { firstName, lastName } = nameFrom(random)
  const domain = pick(DOMAINS, random)
  const standing = standingFrom(random)
  const share = random()
  const price = PRICES[PLAN_SHARES.findIndex((each) => share < each)] ?? pick(PRICES, random)
  const yearly = price.interval === 'year'
  const someEnded = standing === 'past_due' || standing === 'ended'
  const periods = Math.floor(random() * (yearly ? 2 : 24))
  return {
    clerkUserId: derivedId('user_2', seed),
    firstName,
    lastName,
    email: freeAddress(world, firstName, lastName, domain),
    timezone: pick(TIMEZONES, random),
    inSlack: random() < IN_SLACK[standing],
    standing,
    price,
    periods: someEnded ? Math.max(1, periods) : periods,
    elapsed: 0.05 + 0.7 * random(),
    hesitationMs: Math.round(60_000 + random() ** 4 * 20 * DAY_MS),
  }
}

/** Given and family name go together, mostly. */
function nameFrom(random: Random): { firstName: string; lastName: string } {
  const names = pick(NAMES, random)
  const families = random() < 0.85 ? names : pick(NAMES, random)
  return { firstName: pick(names.given, random), lastName: pick(families.family, random) }
}

function standingFrom(random: Random): Standing {
  let left = random() * 100
  for (const [standing, share] of STANDINGS) {
    if (left < share) return standing
    left -= share
  }
  return 'active'
}

/** `lucia.ramirez@example.org`, or `lucia.ramirez2@…` when that is somebody else’s. */
function freeAddress(world: World, firstName: string, lastName: string, domain: string): string {
  const local = `${plain(firstName)}.${plain(lastName)}`
  let address = `${local}@${domain}`
  for (let number = 2; world.clerk.users.find('email', address).length > 0; number++) {
    address = `${local}${number}@${domain}`
  }
  return address
}

/** Letters that survive in an address. */
export function plain(name: string): string {
  return name
    .replace(/đ/gi, 'd')
    .replace(/ł/gi, 'l')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')
}

function pick<T>(list: readonly [T, ...T[]] | readonly T[], random: Random): T {
  const chosen = list[Math.floor(random() * list.length)]
  if (chosen === undefined) throw new Error('There is nothing to pick from.')
  return chosen
}
