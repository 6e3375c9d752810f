/** The pages behind a post's URL: what a member of the community would see, plain. */
import type { World } from '../world.ts'
import { spaces } from './spaces.ts'
import { escapeHtml } from './tiptap.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
  header, footer { color: light-dark(#667, #99a); font-size: .875rem }
  h1 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere }
  p { overflow-wrap: anywhere; white-space: pre-line }`

/** A published post's page; 404 for a draft, a scheduled post, or none. */
export function postPage(world: World, spaceSlug: string, slug: string): Response {
  const space = spaces(world).find((each) => each.slug === spaceSlug)
  const post = world.circle.posts
    .values()
    .find((each) => each.spaceId === space?.id && each.slug === slug && each.status === 'published')
  if (!space || !post) return page(404, 'Not found', '<h1>There is no such post</h1>')
  return page(
    200,
    post.name,
    `<header>${escapeHtml(space.name)} · Circle (sandbox)</header>
    <main><h1>${escapeHtml(post.name)}</h1>${post.html}</main>
    <footer>Published ${new Date(post.publishedMs).toUTCString()}</footer>`,
  )
}

function page(status: number, title: string, body: string): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
  })
}
