/** What can only be read: invoices, events, checkout sessions, products and prices. */
import { isRecord, parseJson } from '../../primitives/index.ts'
import type { Webhook } from '../webhooks.ts'
import type { World } from '../world.ts'
import { found, missing, page, passesTime, type StripeAnswer } from './answers.ts'
import { findPrice, PRICES, PRODUCTS } from './catalogue.ts'
import { priceResource, productResource } from './catalogue-resources.ts'
import { text } from './form.ts'
import { invoiceResource, sessionResource } from './invoice-resources.ts'
import { type Resource, seconds } from './resources.ts'

/** GET /v1/invoices/{id} */
export function retrieveInvoice(world: World, id: string): StripeAnswer {
  const invoice = world.stripe.invoices.get(id)
  return invoice ? found(invoiceResource(world, invoice)) : missing('invoice', id)
}

/** GET /v1/invoices */
export function listInvoices(world: World, fields: Resource): StripeAnswer {
  const { invoices } = world.stripe
  const subscription = text(fields, 'subscription')
  const customer = text(fields, 'customer')
  const status = text(fields, 'status')
  const all = subscription === undefined ? invoices.values() : invoices.find('subscriptionId', subscription)
  const shown = all.filter(
    (each) =>
      (customer === undefined || each.customerId === customer) &&
      (status === undefined || each.status === status) &&
      passesTime(seconds(each.createdMs), fields.created),
  )
  return page(shown.reverse(), fields, '/v1/invoices', (invoice) => invoiceResource(world, invoice))
}

/** GET /v1/events/{id} */
export function retrieveEvent(world: World, id: string): StripeAnswer {
  const webhook = world.webhooks.all.get(id)
  return webhook?.provider === 'stripe' ? found(eventResource(webhook)) : missing('event', id)
}

/** GET /v1/events: newest first by when they were made, which is also the order of cursors. */
export function listEvents(world: World, fields: Resource): StripeAnswer {
  const types = Array.isArray(fields.types) ? fields.types : fields.type === undefined ? null : [fields.type]
  const delivered = text(fields, 'delivery_success')
  const shown = world.webhooks.all
    .values()
    .filter(
      (each) =>
        each.provider === 'stripe' &&
        (types === null || types.some((type) => matchesType(each.type, String(type)))) &&
        (delivered === undefined || (each.state === 'sent') === (delivered === 'true')) &&
        passesTime(seconds(each.createdMs), fields.created),
    )
  return page(shown.reverse(), fields, '/v1/events', eventResource)
}

function matchesType(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}

function eventResource(webhook: Webhook): Resource {
  const event = parseJson(webhook.json)
  return { ...(isRecord(event) ? event : {}), pending_webhooks: webhook.state === 'sent' ? 0 : 1 }
}

/** GET /v1/checkout/sessions/{id} */
export function retrieveSession(world: World, id: string): StripeAnswer {
  const session = world.stripe.sessions.get(id)
  return session ? found(sessionResource(session)) : missing('checkout.session', id)
}

/** GET /v1/checkout/sessions, of one subscription or customer or of all. */
export function listSessions(world: World, fields: Resource): StripeAnswer {
  const { sessions } = world.stripe
  const subscription = text(fields, 'subscription')
  const customer = text(fields, 'customer')
  const all = subscription === undefined ? sessions.values() : sessions.find('subscriptionId', subscription)
  const shown = all.filter((each) => customer === undefined || each.customerId === customer)
  return page(shown.reverse(), fields, '/v1/checkout/sessions', sessionResource)
}

/** GET /v1/prices */
export function listPrices(fields: Resource): StripeAnswer {
  const keys = Array.isArray(fields.lookup_keys) ? fields.lookup_keys : null
  const shown = PRICES.filter(
    ({ lookupKey, productId }) =>
      (keys === null || keys.includes(lookupKey)) &&
      (fields.product === undefined || fields.product === productId),
  )
  return page(shown, fields, '/v1/prices', priceResource)
}

/** GET /v1/prices/{id} */
export function retrievePrice(id: string): StripeAnswer {
  const price = findPrice(id)
  return price?.id === id ? found(priceResource(price)) : missing('price', id)
}

/** GET /v1/products */
export function listProducts(fields: Resource): StripeAnswer {
  return page(PRODUCTS, fields, '/v1/products', productResource)
}

/** GET /v1/products/{id} */
export function retrieveProduct(id: string): StripeAnswer {
  const product = PRODUCTS.find((each) => each.id === id)
  return product ? found(productResource(product)) : missing('product', id)
}
