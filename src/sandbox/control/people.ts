/** Routes under `/control/people`: a seeded community, and what single people do. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { createPeople } from '../people/create.ts'
import * as life from '../people/life.ts'
import { type Person, readPerson } from '../people/person.ts'
import type { SandboxContext, SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { check, readJson } from './body.ts'

const seed = z.union([z.int(), z.string()])
const email = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'is an e-mail address')
/** A price's lookup key or id: `member-monthly`. */
const plan = z.string().optional()

const peopleSchema = z.strictObject({ count: z.int().min(1).max(20_000).default(200), seed: seed.default(1) })
const signupSchema = z.strictObject({
  email: email.optional(),
  name: z.string().min(1).optional(),
  seed: seed.optional(),
  plan,
  pay: z.boolean().default(true),
})
const planSchema = z.strictObject({ plan })
const failureSchema = z.strictObject({
  /** What becomes of the subscription when every retry has failed. */
  afterDunning: z.enum(['canceled', 'unpaid']).default('canceled'),
})
const cancelSchema = z.strictObject({ atPeriodEnd: z.boolean().default(true) })
const emailSchema = z.strictObject({ email, where: z.enum(['clerk', 'stripe', 'both']).default('both') })
const deleteSchema = z.strictObject({ cancelSubscription: z.boolean().default(true) })
const nothing = z.strictObject({})
const listSchema = z.object({
  offset: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().positive().default(1_000),
})

/** Adds the routes to the control API. */
export function addPeople(app: Hono<SandboxEnv>, world: World): void {
  app.get('/people', (context) => {
    const { offset, limit } = check(listSchema, context.req.query())
    const users = world.clerk.users.values()
    const people = users.slice(offset, offset + limit).map(({ id }) => readPerson(world, id))
    return context.json({ total: users.length, people })
  })
  app.get('/people/:id', (context) => context.json(readPerson(world, context.req.param('id'))))
  app.post('/people', async (context) => {
    const asked = await readJson(context, peopleSchema)
    const created = await createPeople(world, asked.count, asked.seed)
    return context.json({ created, total: world.clerk.users.values().length }, 201)
  })
  app.post('/people/signup', async (context) =>
    context.json(life.signUp(world, await readJson(context, signupSchema)), 201),
  )
  addActs(app, world)
}

function addActs(app: Hono<SandboxEnv>, world: World): void {
  const act = <T extends z.ZodType>(
    name: string,
    schema: T,
    work: (id: string, given: z.output<T>) => Person,
  ) =>
    app.post(`/people/:id/${name}`, async (context: SandboxContext) =>
      context.json(work(context.req.param('id') ?? '', await readJson(context, schema))),
    )
  act('pay', planSchema, (id, given) => life.pay(world, id, given.plan))
  act('payment-failure', failureSchema, (id, given) => life.failPayment(world, id, given.afterDunning))
  act('cancel', cancelSchema, (id, given) => life.cancel(world, id, given.atPeriodEnd))
  act('resume', nothing, (id) => life.resume(world, id))
  act('reactivate', planSchema, (id, given) => life.reactivate(world, id, given.plan))
  act('renew', nothing, (id) => life.renewNow(world, id))
  act('end-period', nothing, (id) => life.endPeriod(world, id))
  act('change-email', emailSchema, (id, given) => life.changeEmail(world, id, given.email, given.where))
  act('delete', deleteSchema, (id, given) => life.leaveForGood(world, id, given.cancelSubscription))
}
