/** `expand[]`: ids of an object replaced by what they name. One level, and one level of a list's objects. */
import { isRecord } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import type { StripeAnswer } from './answers.ts'
import { invoiceResource } from './invoice-resources.ts'
import { customerResource, type Resource, subscriptionResource } from './resources.ts'

/** The answer with the asked-for fields expanded; fields that cannot be are left as they are. */
export function expand(world: World, answer: StripeAnswer, paths: unknown): StripeAnswer {
  if (!Array.isArray(paths) || answer.status !== 200) return answer
  let body = answer.body
  for (const path of paths.map(String)) {
    if (path.startsWith('data.')) {
      const data = Array.isArray(body.data) ? body.data.filter(isRecord) : []
      const field = path.slice('data.'.length)
      body = { ...body, data: data.map((each) => expandField(world, each, field)) }
    } else body = expandField(world, body, path)
  }
  return { ...answer, body }
}

function expandField(world: World, object: Resource, field: string): Resource {
  const value = object[field]
  const full = typeof value === 'string' ? resourceOf(world, field, value) : undefined
  return full ? { ...object, [field]: full } : object
}

function resourceOf(world: World, field: string, id: string): Resource | undefined {
  const { customers, subscriptions, invoices } = world.stripe
  if (field === 'customer') {
    const customer = customers.get(id)
    return customer && customerResource(world, customer)
  }
  if (field === 'subscription') {
    const subscription = subscriptions.get(id)
    return subscription && subscriptionResource(subscription)
  }
  if (field !== 'latest_invoice' && field !== 'invoice') return undefined
  const invoice = invoices.get(id)
  return invoice && invoiceResource(world, invoice)
}
