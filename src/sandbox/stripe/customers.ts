/** Customers: create, retrieve, update, delete, list by e-mail. */
import { randomId } from '../derived-id.ts'
import type { World } from '../world.ts'
import { found, missing, page, passesTime, refused, type StripeAnswer } from './answers.ts'
import { end } from './billing.ts'
import { emitStripe } from './events.ts'
import { mergeMetadata, text } from './form.ts'
import type { StripeCustomer } from './model.ts'
import { customerResource, type Resource, seconds } from './resources.ts'

/** Keeps a new customer, with a card that works. */
export function addCustomer(
  world: World,
  given: Pick<StripeCustomer, 'id' | 'email' | 'name' | 'metadata' | 'createdMs'>,
): StripeCustomer {
  return world.stripe.customers.put(given.id, { ...given, card: 'works', deleted: false, subscriptions: 0 })
}

/** Changes a customer and says what it was. */
export function changeCustomer(
  world: World,
  customer: StripeCustomer,
  changes: Partial<StripeCustomer>,
): StripeCustomer {
  const before = customerResource(world, customer)
  const changed = world.stripe.customers.put(customer.id, { ...customer, ...changes })
  const after = customerResource(world, changed)
  const previous = Object.fromEntries(
    Object.entries(before).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(after[key])),
  )
  emitStripe(world, 'customer.updated', after, world.clock.now(), previous)
  return changed
}

/** POST /v1/customers */
export function createCustomer(world: World, fields: Resource): StripeAnswer {
  const email = text(fields, 'email')
  if (email !== undefined && !isEmail(email)) return invalidEmail(email)
  const customer = addCustomer(world, {
    id: randomId('cus_'),
    email: email ?? null,
    name: text(fields, 'name') ?? null,
    metadata: mergeMetadata({}, fields.metadata),
    createdMs: world.clock.now(),
  })
  return found(customerResource(world, customer))
}

/** GET /v1/customers/{id}: a deleted one answers as a stub. */
export function retrieveCustomer(world: World, id: string): StripeAnswer {
  const customer = world.stripe.customers.get(id)
  return customer ? found(customerResource(world, customer)) : missing('customer', id)
}

/** POST /v1/customers/{id} */
export function updateCustomer(world: World, id: string, fields: Resource): StripeAnswer {
  const customer = world.stripe.customers.get(id)
  if (!customer || customer.deleted) return missing('customer', id)
  const email = text(fields, 'email')
  if (email !== undefined && email !== '' && !isEmail(email)) return invalidEmail(email)
  const name = text(fields, 'name')
  const changed = changeCustomer(world, customer, {
    email: email === undefined ? customer.email : email || null,
    name: name === undefined ? customer.name : name || null,
    metadata: mergeMetadata(customer.metadata, fields.metadata),
  })
  return found(customerResource(world, changed))
}

/** DELETE /v1/customers/{id}: its subscriptions end. */
export function deleteCustomer(world: World, id: string): StripeAnswer {
  const customer = world.stripe.customers.get(id)
  if (!customer || customer.deleted) return missing('customer', id)
  for (const subscription of world.stripe.subscriptions.find('customerId', id)) {
    if (subscription.endedMs === null) end(world, subscription, world.clock.now())
  }
  const deleted = world.stripe.customers.put(id, { ...customer, deleted: true })
  return found(customerResource(world, deleted))
}

/** GET /v1/customers; `email` is compared exactly, as at Stripe. */
export function listCustomers(world: World, fields: Resource): StripeAnswer {
  const email = text(fields, 'email')
  const { customers } = world.stripe
  const all = email === undefined ? customers.values() : customers.find('email', email)
  const shown = all.filter((each) => !each.deleted && passesTime(seconds(each.createdMs), fields.created))
  return page(shown.reverse(), fields, '/v1/customers', (customer) => customerResource(world, customer))
}

function isEmail(address: string): boolean {
  return /^[^@\s]+@[^@\s]+$/.test(address)
}

function invalidEmail(address: string): StripeAnswer {
  return refused(`Invalid email address: ${address}`, { param: 'email', code: 'email_invalid' })
}
