/** Posts: create, list, read, update, delete, with Circle's envelopes. No idempotency: the same call is two posts. */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import type { CirclePost } from './model.ts'
import { COMMUNITY_ID, spaces, spaceUrl, TOKEN_OWNER } from './spaces.ts'
import { escapeHtml, paragraphsOf, renderHtml, tiptapNodeSchema } from './tiptap.ts'

export type CircleAnswer = { status: number; body: unknown }

const contentSchema = z.object({
  name: z.string().optional(),
  tiptap_body: z.object({ body: tiptapNodeSchema }).optional(),
  body: z.string().optional(),
  topics: z.array(z.int()).optional(),
  is_comments_enabled: z.boolean().optional(),
  is_liking_enabled: z.boolean().optional(),
})
const createSchema = contentSchema.extend({
  space_id: z.coerce.number().int(),
  status: z.enum(['draft', 'published', 'scheduled']).default('published'),
  slug: z.string().optional(),
  user_email: z.string().optional(),
  published_at: z.string().optional(),
})

/** POST /posts: 200 (not 201) with the post. */
export function createPost(world: World, fields: Fields): CircleAnswer {
  const parsed = createSchema.safeParse(fields)
  if (!parsed.success) return unprocessable(String(parsed.error.issues[0]?.path[0] ?? 'body'), 'is invalid')
  const given = parsed.data
  const space = spaces(world).find((each) => each.id === given.space_id)
  if (!space) return missing('space')
  const name = (given.name ?? '').trim()
  if (name === '') return unprocessable('name', "can't be blank")
  if (given.user_email !== undefined && !isMember(world, given.user_email)) return missing('user')
  const nowMs = world.clock.now()
  const publishedMs = given.published_at === undefined ? nowMs : Date.parse(given.published_at)
  if (given.status === 'scheduled' && !(publishedMs > nowMs))
    return unprocessable('published_at', 'is invalid')
  const id = world.nextNumber('circle-post')
  const post = world.circle.posts.put(String(id), {
    id,
    spaceId: space.id,
    name,
    slug: freeSlug(world, space.id, slugify(given.slug || name)),
    status: given.status,
    ...renderBody(given),
    authorEmail: given.user_email ?? TOKEN_OWNER.email,
    isCommentsEnabled: given.is_comments_enabled ?? true,
    isLikingEnabled: given.is_liking_enabled ?? true,
    topics: given.topics ?? [],
    createdMs: nowMs,
    updatedMs: nowMs,
    publishedMs,
  })
  return { status: 200, body: { message: 'Post created.', post: postResource(world, post) } }
}

/** GET /posts */
export function listPosts(world: World, fields: Fields): CircleAnswer {
  const perPage = Math.min(100, Math.max(1, Number(fields.per_page) || 60))
  const page = Math.max(1, Number(fields.page) || 1)
  const search = String(fields.search_text ?? '').toLowerCase()
  const status = String(fields.status ?? 'all')
  const found = world.circle.posts
    .values()
    .filter((post) => fields.space_id === undefined || post.spaceId === Number(fields.space_id))
    .filter((post) => status === 'all' || post.status === status)
    .filter((post) => [post.name, ...post.paragraphs].join('\n').toLowerCase().includes(search))
    .sort(order(String(fields.sort ?? 'latest')))
  const records = found.slice((page - 1) * perPage, page * perPage)
  return {
    status: 200,
    body: {
      page,
      per_page: perPage,
      has_next_page: page * perPage < found.length,
      count: found.length,
      page_count: Math.ceil(found.length / perPage),
      records: records.map((post) => postResource(world, post)),
    },
  }
}

/** GET /posts/{id} */
export function showPost(world: World, id: string): CircleAnswer {
  const post = world.circle.posts.get(id)
  return post ? { status: 200, body: postResource(world, post) } : missing('post')
}

/** PUT /posts/{id}: what is not given stays. */
export function updatePost(world: World, id: string, fields: Fields): CircleAnswer {
  const post = world.circle.posts.get(id)
  if (!post) return missing('post')
  const parsed = contentSchema.safeParse(fields)
  if (!parsed.success) return unprocessable(String(parsed.error.issues[0]?.path[0] ?? 'body'), 'is invalid')
  const given = parsed.data
  if (given.name?.trim() === '') return unprocessable('name', "can't be blank")
  const updated = world.circle.posts.put(id, {
    ...post,
    name: given.name?.trim() ?? post.name,
    ...(given.tiptap_body || given.body !== undefined ? renderBody(given) : {}),
    topics: given.topics ?? post.topics,
    isCommentsEnabled: given.is_comments_enabled ?? post.isCommentsEnabled,
    isLikingEnabled: given.is_liking_enabled ?? post.isLikingEnabled,
    updatedMs: world.clock.now(),
  })
  return {
    status: 200,
    body: { success: true, message: 'Post updated.', post: postResource(world, updated) },
  }
}

/** DELETE /posts/{id} */
export function deletePost(world: World, id: string): CircleAnswer {
  if (!world.circle.posts.delete(id)) return missing('post')
  return { status: 200, body: { success: true, message: 'This post has been removed from the space.' } }
}

/** The public address of a post. */
export function postUrl(world: World, post: CirclePost): string {
  const space = spaces(world).find((each) => each.id === post.spaceId)
  return `${space ? spaceUrl(world, space) : world.ownUrl()}/${post.slug}`
}

/** An error in Circle's envelope. */
export function circleError(
  status: number,
  message: string,
  details: Record<string, unknown> = {},
): CircleAnswer {
  return { status, body: { success: false, message, error_details: details } }
}

function missing(what: string): CircleAnswer {
  return circleError(404, 'Oops! Missing record. Please try again later.', {
    message: `Missing record: ${what}`,
  })
}

function unprocessable(field: string, problem: string): CircleAnswer {
  const label = `${field.charAt(0).toUpperCase()}${field.slice(1)}`.replaceAll('_', ' ')
  return circleError(422, `${label} ${problem}`, { [field]: [problem] })
}

function isMember(world: World, email: string): boolean {
  return world.slack.users.values().some((user) => user.email === email.toLowerCase())
}

function renderBody(
  given: z.infer<typeof contentSchema>,
): Pick<CirclePost, 'tiptap' | 'html' | 'paragraphs'> {
  const tiptap = given.tiptap_body?.body ?? null
  if (tiptap) return { tiptap, html: renderHtml(tiptap), paragraphs: paragraphsOf(tiptap) }
  // Circle keeps HTML given as `body`; a stand-in shows it as text, so that nothing in it runs.
  const text = given.body ?? ''
  return { tiptap, html: `<div>${escapeHtml(text)}</div>`, paragraphs: text === '' ? [] : [text] }
}

function slugify(text: string): string {
  const slug = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80)
  return slug || 'post'
}

/** A taken slug gets a random suffix, as at Circle. */
function freeSlug(world: World, spaceId: number, slug: string): string {
  const taken = world.circle.posts.values().some((post) => post.spaceId === spaceId && post.slug === slug)
  return taken ? `${slug}-${randomBytes(3).toString('hex')}` : slug
}

function order(sort: string): (a: CirclePost, b: CirclePost) => number {
  switch (sort) {
    case 'oldest':
      return (a, b) => a.createdMs - b.createdMs || a.id - b.id
    case 'alphabetical':
      return (a, b) => a.name.localeCompare(b.name)
    case 'latest_updated':
      return (a, b) => b.updatedMs - a.updatedMs || b.id - a.id
    case 'oldest_updated':
      return (a, b) => a.updatedMs - b.updatedMs || a.id - b.id
    default:
      return (a, b) => b.createdMs - a.createdMs || b.id - a.id
  }
}

function postResource(world: World, post: CirclePost): Record<string, unknown> {
  const space = spaces(world).find((each) => each.id === post.spaceId)
  const author = world.slack.users.values().find((user) => user.email === post.authorEmail)
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    id: post.id,
    status: post.status,
    name: post.name,
    slug: post.slug,
    comments_count: 0,
    hide_meta_info: false,
    published_at: iso(post.publishedMs),
    created_at: iso(post.createdMs),
    updated_at: iso(post.updatedMs),
    is_comments_enabled: post.isCommentsEnabled,
    is_liking_enabled: post.isLikingEnabled,
    flagged_for_approval_at: null,
    body: {
      id: post.id,
      name: 'body',
      body: post.html,
      record_type: 'Post',
      record_id: post.id,
      created_at: iso(post.createdMs),
      updated_at: iso(post.updatedMs),
    },
    ...(post.tiptap && { tiptap_body: tiptapResource(post) }),
    url: postUrl(world, post),
    space_name: space?.name ?? '',
    space_slug: space?.slug ?? '',
    space_id: post.spaceId,
    user_id: TOKEN_OWNER.id,
    user_email: post.authorEmail,
    user_name: author?.realName ?? TOKEN_OWNER.name,
    community_id: COMMUNITY_ID,
    user_avatar_url: null,
    cover_image_url: null,
    cover_image: null,
    cardview_thumbnail_url: null,
    cardview_thumbnail: null,
    is_comments_closed: false,
    custom_html: null,
    likes_count: 0,
    member_posts_count: world.circle.posts.values().length,
    member_comments_count: 0,
    member_likes_count: 0,
    topics: post.topics,
  }
}

function tiptapResource(post: CirclePost): Record<string, unknown> {
  return {
    body: post.tiptap,
    circle_ios_fallback_text: post.paragraphs.join('\n'),
    attachments: [],
    inline_attachments: [],
    sgids_to_object_map: {},
    format: 'post',
    community_members: [],
    entities: [],
    group_mentions: [],
    polls: [],
  }
}
