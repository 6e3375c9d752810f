/**
 * What the jobs see of the providers that know the members: types only. Errors are those that `contract.ts` lists.
 * Times are epoch milliseconds; e-mail addresses are compared in lower case.
 */

/** Mailchimp's own words; `archived` contacts are not on the list any more. */
export type MailchimpStatus =
  | 'subscribed'
  | 'unsubscribed'
  | 'cleaned'
  | 'pending'
  | 'transactional'
  | 'archived'

export type MailchimpContact = { email: string; status: MailchimpStatus; tags: string[] }

export type MailchimpConnector = {
  /** The contact with this address and its tags. Null: there is none, or it was archived and forgotten. */
  findContact(email: string): Promise<MailchimpContact | null>
  /**
   * PUT of the contact; repeating it is harmless. A new contact gets `statusIfNew`. `status` changes an existing one,
   * and is only ever given by the rule that keeps consent (see jobs/member-sync): absent, the contact keeps its own.
   * `knownAs`: the address it has at Mailchimp now, when the member's address has changed since.
   * @throws NeverRetryError with code `member_in_compliance_state` or `forgotten_email_not_subscribed` in its facts
   */
  putContact(contact: {
    email: string
    knownAs?: string
    name: { first: string; last: string }
    statusIfNew: 'subscribed' | 'pending' | 'transactional'
    status?: 'subscribed' | 'pending'
  }): Promise<MailchimpContact>
  /** Sets and removes tags; others stay as they are. Repeating it is harmless. */
  setTags(email: string, tags: { name: string; active: boolean }[]): Promise<void>
  /** Archives the contact: no more mail, and it can come back. Repeating it, or archiving nobody, is harmless. */
  archiveContact(email: string): Promise<void>
  /** Triggers the welcome journey for the contact. NOT idempotent: twice means two mails. Call it through the ledger. */
  triggerWelcome(email: string): Promise<void>
  /** GET /ping. @throws NeverRetryError when the key is refused */
  ping(): Promise<void>
}

export type LumaEvent = { id: string; name: string; startsAtMs: number; url: string | null }
/** `paidCents`: what approval would charge (the sum of the guest's paid tickets), null for a free one. */
export type LumaGuest = {
  id: string
  email: string
  name: string | null
  status: string
  paid: { amountCents: number; currency: string } | null
}
/** One page; `next` is the cursor of the following one, null on the last. */
export type Page<T> = { items: T[]; next: string | null }
/** One of a list. `fault`: the field for which it cannot be read; the others of the list still can. */
export type Listed<T> = { id: string; object: T } | { id: string; fault: string }

export type LumaConnector = {
  /** The calendar's events that have not begun at `afterMs`, soonest first. */
  listUpcomingEvents(query: { afterMs: number; cursor: string | null }): Promise<Page<LumaEvent>>
  listPendingGuests(query: { eventId: string; cursor: string | null }): Promise<Page<LumaGuest>>
  /** Null: no such guest. */
  findGuest(query: { eventId: string; guestId: string }): Promise<LumaGuest | null>
  /**
   * Sets the guest's status, which mails the guest. The state is naturally idempotent, the mail may not be: call it
   * through the ledger, and look with `findGuest` before a repeat. Approving a guest with a paid ticket charges the card.
   */
  setGuestStatus(change: { eventId: string; guestId: string; status: 'approved' | 'declined' }): Promise<void>
  /** GET /v1/users/get-self. */
  ping(): Promise<void>
}

/** Stripe's own words. */
export type SubscriptionStatus =
  | 'incomplete'
  | 'incomplete_expired'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'canceled'
  | 'unpaid'
  | 'paused'

export type StripeSubscription = {
  id: string
  customerId: string
  status: SubscriptionStatus
  /** The beginning of the current period. While past due, this is since when it is unpaid. */
  periodStartMs: number | null
  /** The end of the paid period: the latest of the items' (or of the older top-level field). Null: Stripe did not say. */
  periodEndMs: number | null
  cancelAtPeriodEnd: boolean
  cancelAtMs: number | null
  endedAtMs: number | null
  /** Ended because the card failed for too long: the period that had begun was never paid. */
  endedForNonPayment: boolean
  createdMs: number
}
export type StripeCustomer = {
  id: string
  email: string | null
  name: string | null
  deleted: boolean
  /** `metadata.clerkUserId` or `metadata.clerk_user_id`, when the application keeps it there. */
  clerkUserId: string | null
}

export type StripeConnector = {
  /** Whether objects can be read again (an API key is set); without one the events' own content and time decide. */
  readonly canRead: boolean
  /** Null: Stripe does not know it. */
  subscription(id: string): Promise<StripeSubscription | null>
  customer(id: string): Promise<StripeCustomer | null>
  /** All subscriptions of a customer in any status, every page, newest first. */
  subscriptionsOf(customerId: string): Promise<StripeSubscription[]>
  /** All subscriptions in any status, the oldest first, each with its customer; one page, which may be empty before the last. */
  listSubscriptions(
    cursor: string | null,
  ): Promise<Page<Listed<{ subscription: StripeSubscription; customer: StripeCustomer }>>>
  /** Reads a subscription object of any API version that Stripe still sends. @throws NeverRetryError when it is none */
  readSubscription(object: unknown): StripeSubscription
  readCustomer(object: unknown): StripeCustomer
  ping(): Promise<void>
}

export type ClerkUser = {
  id: string
  /** The primary address, lower case; null while there is none. */
  email: string | null
  emailVerified: boolean
  firstName: string | null
  lastName: string | null
  createdAtMs: number
  updatedAtMs: number
}

export type ClerkConnector = {
  /** Whether users can be read again (a secret key is set). */
  readonly canRead: boolean
  /** Null: deleted, or never there. */
  user(id: string): Promise<ClerkUser | null>
  /** All users, the oldest first, one page. Accounts that are deleted while it is read hide nobody else. */
  listUsers(cursor: string | null): Promise<Page<Listed<ClerkUser>>>
  /** Reads the `data` of a user event. @throws NeverRetryError when it is no user */
  readUser(object: unknown): ClerkUser
  ping(): Promise<void>
}

export type SlackPerson = {
  id: string
  /** Lower case; null for bots and where the scope is missing. */
  email: string | null
  name: string
  /** Deactivated. */
  deleted: boolean
  /** Bots, app users and Slackbot. */
  isBot: boolean
}

/** The part of Slack that knows people: user groups and the list of the workspace's users. */
export type SlackPeopleConnector = {
  /** users.list, one page. */
  listPeople(cursor: string | null): Promise<Page<SlackPerson>>
  /** users.lookupByEmail. Null: nobody. */
  findPerson(email: string): Promise<SlackPerson | null>
  /** The user group's members; empty while it is disabled. */
  groupMembers(groupId: string): Promise<string[]>
  /** Replaces the group's members; repeating it is harmless. Slack has no empty groups, so an empty list disables it. */
  setGroupMembers(groupId: string, userIds: string[]): Promise<void>
}
