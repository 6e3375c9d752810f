/** A member's tags and events. Setting a tag that is set, or removing one that is not, changes nothing. */
import { z } from 'zod'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { keep } from './members.ts'
import { type Contact, findContact } from './model.ts'
import { invalidResource, type MailchimpAnswer, notFound } from './problems.ts'

const KEPT_EVENTS = 100
const tagsSchema = z.object({
  tags: z.array(z.object({ name: z.string().min(1).max(100), status: z.enum(['active', 'inactive']) })),
  is_syncing: z.boolean().optional(),
})
const eventSchema = z.object({
  name: z.string().regex(/^[\w-]{2,30}$/, 'is 2 to 30 letters, digits, underscores and hyphens'),
  properties: z.record(z.string(), z.string()).default({}),
  is_syncing: z.boolean().optional(),
  occurred_at: z.iso.datetime({ offset: true }).optional(),
})

/** POST …/tags */
export function setTags(world: World, path: string, fields: Fields): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  if (!contact) return notFound()
  const parsed = tagsSchema.safeParse(fields)
  if (!parsed.success) return refused(parsed.error)
  let { tags } = contact
  for (const { name, status } of parsed.data.tags) {
    const others = tags.filter((tag) => !same(tag.name, name))
    if (status === 'inactive') tags = others
    else if (others.length === tags.length) tags = [...tags, newTag(world, name)]
  }
  keep(world, { ...contact, tags })
  return { status: 204, body: null }
}

/** GET …/tags: newest first, ten unless asked for more. */
export function listTags(world: World, path: string, fields: Fields): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  if (!contact) return notFound()
  const offset = Number(fields.offset ?? 0) || 0
  const count = Math.min(1_000, Number(fields.count ?? 10) || 10)
  const tags = contact.tags.toReversed().slice(offset, offset + count)
  return {
    status: 200,
    body: {
      tags: tags.map(({ id, name, addedMs }) => ({
        id,
        name,
        date_added: new Date(addedMs).toISOString(),
      })),
      total_items: contact.tags.length,
      _links: [],
    },
  }
}

/** POST …/events */
export function addEvent(world: World, path: string, fields: Fields): MailchimpAnswer {
  const contact = findContact(world.mailchimp, path)
  if (!contact) return notFound()
  const parsed = eventSchema.safeParse(fields)
  if (!parsed.success) return refused(parsed.error)
  const { name, properties, occurred_at } = parsed.data
  const atMs = occurred_at === undefined ? world.clock.now() : Date.parse(occurred_at)
  keep(world, { ...contact, events: [...contact.events, { name, properties, atMs }].slice(-KEPT_EVENTS) })
  return { status: 204, body: null }
}

function newTag(world: World, name: string): Contact['tags'][number] {
  const { tagIds } = world.mailchimp
  const key = name.toLowerCase()
  const id = tagIds.get(key) ?? tagIds.put(key, world.nextNumber('mailchimp-tag'))
  return { id, name, addedMs: world.clock.now() }
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function refused(error: z.ZodError): MailchimpAnswer {
  return invalidResource(
    error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
  )
}
