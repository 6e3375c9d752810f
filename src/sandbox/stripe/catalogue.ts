/** What the community sells: two plans, each by the month or by the year. */

export type Price = {
  id: string
  /** How the control API and `lookup_keys` name it. */
  lookupKey: string
  productId: string
  nickname: string
  amountCents: number
  interval: 'month' | 'year'
}

export const CURRENCY = 'usd'

export const PRODUCTS = [
  {
    id: 'prod_SandMember0001',
    name: 'Member',
    description: 'Everything in the community: jobs, events, the workspace.',
  },
  {
    id: 'prod_SandPatron0001',
    name: 'Patron',
    description: 'Membership, and a seat paid for someone who cannot pay.',
  },
] as const

export const PRICES: readonly Price[] = [
  price('member-monthly', 'prod_SandMember0001', 'Member, monthly', 1_900, 'month'),
  price('member-yearly', 'prod_SandMember0001', 'Member, yearly', 19_000, 'year'),
  price('patron-monthly', 'prod_SandPatron0001', 'Patron, monthly', 4_900, 'month'),
  price('patron-yearly', 'prod_SandPatron0001', 'Patron, yearly', 49_000, 'year'),
]

/** The price with this id or lookup key. */
export function findPrice(name: string): Price | undefined {
  return PRICES.find(({ id, lookupKey }) => id === name || lookupKey === name)
}

/** The price of something that was sold. @throws Error when the catalogue has lost it */
export function priceOf({ priceId }: { priceId: string }): Price {
  const found = findPrice(priceId)
  if (!found) throw new Error(`The catalogue has no price ${priceId}.`)
  return found
}

/**
 * The end of the `count`th period from an anchor: whole months of the calendar, in UTC. An anchor on the 31st ends on
 * the last day of a shorter month, and on the 31st again after it, as Stripe bills.
 */
export function periodEnd(anchorMs: number, interval: Price['interval'], count: number): number {
  const anchor = new Date(anchorMs)
  const months = interval === 'year' ? 12 * count : count
  const end = new Date(anchorMs)
  end.setUTCDate(1)
  end.setUTCMonth(end.getUTCMonth() + months)
  const lastDay = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate()
  end.setUTCDate(Math.min(anchor.getUTCDate(), lastDay))
  return end.getTime()
}

function price(
  lookupKey: string,
  productId: string,
  nickname: string,
  amountCents: number,
  interval: Price['interval'],
): Price {
  return {
    id: `price_Sand_${lookupKey.replace('-', '_')}`,
    lookupKey,
    productId,
    nickname,
    amountCents,
    interval,
  }
}
