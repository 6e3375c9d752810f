/** Stripe's address space: `/v1/…`, also at the sandbox's root, since the official SDK takes a host and no path. */
import { Hono } from 'hono'
import { randomId } from '../derived-id.ts'
import { operation, type SandboxContext, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { refused, type StripeAnswer } from './answers.ts'
import {
  createCustomer,
  deleteCustomer,
  listCustomers,
  retrieveCustomer,
  updateCustomer,
} from './customers.ts'
import { expand } from './expand.ts'
import { nested } from './form.ts'
import { once } from './idempotency.ts'
import { BASIL_VERSION, legacyResource } from './legacy.ts'
import * as reads from './reads.ts'
import { API_VERSION, type Resource } from './resources.ts'
import {
  cancelSubscription,
  createSubscription,
  listSubscriptions,
  retrieveSubscription,
  updateSubscription,
} from './subscriptions.ts'

type Work = (fields: Resource, id: string) => StripeAnswer

/** The stand-in for `https://api.stripe.com`. */
export function createStripeApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const route = (method: 'GET' | 'POST' | 'DELETE', path: string, name: string, work: Work) =>
    app.on(method, `/v1/${path}`, operation(world, 'stripe', name), (context) => serve(world, context, work))

  route('POST', 'customers', 'customers.create', (fields) => createCustomer(world, fields))
  route('GET', 'customers', 'customers.list', (fields) => listCustomers(world, fields))
  route('GET', 'customers/:id', 'customers.retrieve', (_, id) => retrieveCustomer(world, id))
  route('POST', 'customers/:id', 'customers.update', (fields, id) => updateCustomer(world, id, fields))
  route('DELETE', 'customers/:id', 'customers.delete', (_, id) => deleteCustomer(world, id))
  route('POST', 'subscriptions', 'subscriptions.create', (fields) => createSubscription(world, fields))
  route('GET', 'subscriptions', 'subscriptions.list', (fields) => listSubscriptions(world, fields))
  route('GET', 'subscriptions/:id', 'subscriptions.retrieve', (_, id) => retrieveSubscription(world, id))
  route('POST', 'subscriptions/:id', 'subscriptions.update', (fields, id) =>
    updateSubscription(world, id, fields),
  )
  route('DELETE', 'subscriptions/:id', 'subscriptions.cancel', (_, id) => cancelSubscription(world, id))
  route('GET', 'invoices', 'invoices.list', (fields) => reads.listInvoices(world, fields))
  route('GET', 'invoices/:id', 'invoices.retrieve', (_, id) => reads.retrieveInvoice(world, id))
  route('GET', 'events', 'events.list', (fields) => reads.listEvents(world, fields))
  route('GET', 'events/:id', 'events.retrieve', (_, id) => reads.retrieveEvent(world, id))
  route('GET', 'checkout/sessions', 'checkout.sessions.list', (fields) => reads.listSessions(world, fields))
  route('GET', 'checkout/sessions/:id', 'checkout.sessions.retrieve', (_, id) =>
    reads.retrieveSession(world, id),
  )
  route('GET', 'prices', 'prices.list', (fields) => reads.listPrices(fields))
  route('GET', 'prices/:id', 'prices.retrieve', (_, id) => reads.retrievePrice(id))
  route('GET', 'products', 'products.list', (fields) => reads.listProducts(fields))
  route('GET', 'products/:id', 'products.retrieve', (_, id) => reads.retrieveProduct(id))
  app.all('/v1/*', (context) => {
    const { method, path } = context.req
    return respond(
      randomId('req_'),
      refused(`Unrecognized request URL (${method}: ${path}).`, { status: 404 }),
    )
  })
  return app
}

async function serve(world: World, context: SandboxContext, work: Work): Promise<Response> {
  const requestId = randomId('req_').slice(0, 18)
  const version = context.req.header('stripe-version') ?? API_VERSION
  if (!isSignedIn(world, context.req.header('authorization') ?? '')) {
    const message = 'Invalid API Key provided: it is not the one of this sandbox.'
    return respond(requestId, refused(message, { status: 401 }), version)
  }
  const { method, url } = context.req
  const body = method === 'GET' ? '' : await context.req.text()
  const { searchParams, pathname } = new URL(url)
  const fields = nested([...searchParams, ...new URLSearchParams(body)])
  const perform = () =>
    shaped(expand(world, work(fields, context.req.param('id') ?? ''), fields.expand), version)
  const key = context.req.header('idempotency-key')
  if (method !== 'POST' || !key) return respond(requestId, perform(), version)
  // The mount point is not part of the request: the same key means the same at both.
  const request = [method, pathname.replace(/^\/stripe/, ''), body].join('\n')
  return respond(requestId, once(world, key, request, requestId, perform), version, key)
}

/** Bearer, or Basic with the key as the user's name. */
function isSignedIn(world: World, authorization: string): boolean {
  const [scheme, credentials = ''] = authorization.split(' ')
  if (scheme === 'Bearer') return credentials === world.options.stripeApiKey
  if (scheme !== 'Basic') return false
  return Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] === world.options.stripeApiKey
}

/** Requests may name an older API version; what changed its shape since is rendered as it was. */
function shaped(answer: StripeAnswer, version: string): StripeAnswer {
  return version < BASIL_VERSION ? { ...answer, body: legacyResource(answer.body) } : answer
}

function respond(
  requestId: string,
  answer: StripeAnswer & { replayOf?: string },
  version: string = API_VERSION,
  key?: string,
): Response {
  const headers = new Headers({ 'request-id': requestId, 'stripe-version': version })
  if (key) headers.set('idempotency-key', key)
  if (answer.replayOf) {
    headers.set('idempotent-replayed', 'true')
    headers.set('original-request', answer.replayOf)
  }
  return Response.json(answer.body, { status: answer.status, headers })
}
