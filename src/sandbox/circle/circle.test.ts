import { expect, test } from 'vitest'
import { SANDBOX_CREDENTIALS, startTestSandbox } from '../fixtures.ts'

const { circleApiToken, circleSpaceId: SPACE } = SANDBOX_CREDENTIALS
type Post = { id: number; name: string; slug: string; url: string; body: { body: string } }
type Answer = {
  post: Post
  records: Post[]
  count: number
  page_count: number
  has_next_page: boolean
  message: string
}

async function start() {
  const sandbox = await startTestSandbox()
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    authorization = `Token ${circleApiToken}`,
  ) => {
    const response = await fetch(`${sandbox.url}/circle/api/admin/v2${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Answer }
  }
  const create = (name: string, text = 'Text', more = {}) =>
    call('POST', '/posts', { space_id: SPACE, name, tiptap_body: { body: tiptap(text) }, ...more })
  return { sandbox, call, create }
}

const tiptap = (text: string) => ({
  type: 'doc',
  content: [{ type: 'paragraph', content: [{ type: 'text', text, marks: [{ type: 'bold' }] }] }],
})

test('the same post twice is two posts, the second under another slug', async () => {
  const { create } = await start()
  const first = await create('Barista at Blue Café')
  expect(first).toMatchObject({ status: 200, body: { message: 'Post created.' } })
  const { post } = (await create('Barista at Blue Café')).body
  expect(first.body.post.slug).toBe('barista-at-blue-cafe')
  expect(post.slug).toMatch(/^barista-at-blue-cafe-[0-9a-f]{6}$/)
})

test('a post can be read in the browser, with everything in it escaped', async () => {
  const { create, call } = await start()
  const evil = '<script>alert(1)</script> & "more"'
  const { post } = (await create(evil, evil)).body
  const page = await fetch(post.url)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  const html = await page.text()
  expect(html).not.toContain('<script>')
  expect(html).toContain('<strong>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;</strong>')

  await call('DELETE', `/posts/${post.id}`)
  expect((await fetch(post.url)).status).toBe(404)
  const draft = await create('Secret', 'x', { status: 'draft' })
  expect((await fetch(draft.body.post.url)).status).toBe(404)
})

test('a link to anything but the web is dropped', async () => {
  const { create } = await start()
  const link = (href: string) => ({ type: 'text', text: 'go', marks: [{ type: 'link', attrs: { href } }] })
  const content = [link('javascript:alert(1)'), link('https://a.example/?q="x"')]
  const body = { type: 'doc', content: [{ type: 'paragraph', content }] }
  const { post } = (await create('Links', '', { tiptap_body: { body } })).body
  expect(post.body.body).not.toContain('javascript')
  expect(post.body.body).toContain('href="https://a.example/?q=&quot;x&quot;"')
})

test('posts are listed by page, searched in title and body, and sorted', async () => {
  const { create, call } = await start()
  for (const name of ['c', 'a', 'b']) await create(name, `marker-${name}`)
  const names = async (query: string) =>
    (await call('GET', `/posts?${query}`)).body.records.map(({ name }) => name)
  expect(await names('')).toEqual(['b', 'a', 'c'])
  expect(await names('sort=alphabetical')).toEqual(['a', 'b', 'c'])
  expect(await names('search_text=MARKER-c&status=published')).toEqual(['c'])
  expect(await names(`space_id=${SPACE + 1}`)).toEqual([])
  expect((await call('GET', '/posts?per_page=2&page=2')).body).toMatchObject({
    count: 3,
    page_count: 2,
    has_next_page: false,
    records: [{ name: 'c' }],
  })
})

test('a post can be read, changed and removed', async () => {
  const { create, call } = await start()
  const { id } = (await create('Old')).body.post
  const changed = await call('PUT', `/posts/${id}`, { name: 'New', tiptap_body: { body: tiptap('new') } })
  expect(changed.body).toMatchObject({ success: true, post: { name: 'New', slug: 'old' } })
  expect((await call('GET', `/posts/${id}`)).body).toMatchObject({ id, name: 'New' })
  expect((await call('DELETE', `/posts/${id}`)).status).toBe(200)
  expect((await call('GET', `/posts/${id}`)).status).toBe(404)
})

test('errors have their envelope: 401, 404, 422', async () => {
  const { create, call } = await start()
  const unauthorized = await call('GET', '/posts', undefined, 'Token nope')
  expect(unauthorized).toEqual({
    status: 401,
    body: { success: false, message: 'The API token is invalid.', error_details: {} },
  })
  expect((await call('GET', '/spaces', undefined, `Bearer ${circleApiToken}`)).status).toBe(200)
  expect(await create(' ')).toMatchObject({
    status: 422,
    body: { success: false, message: "Name can't be blank", error_details: { name: ["can't be blank"] } },
  })
  expect(await create('x', 'x', { user_email: 'nobody@sandbox.example' })).toMatchObject({
    status: 404,
    body: { error_details: { message: 'Missing record: user' } },
  })
  expect(await create('x', 'x', { space_id: 9 })).toMatchObject({ status: 404 })
  expect(await create('x', 'x', { status: 'soon' })).toMatchObject({ status: 422 })
})
