import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import type { Hono, MiddlewareHandler } from 'hono'
import type { ServerEnv } from './parts.ts'

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Kinkeeper</title>
<style>body{font:16px/1.5 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>The dashboard is not built yet</h1>
<p>Kinkeeper itself is running. Build its pages with <code>npm run build</code>, then load this page again.</p>
</html>`

/**
 * The built dashboard. Files under `/assets` carry a hash of their content in their name and may be kept for ever; every
 * other path that is not ours gets the page itself, which routes in the browser.
 */
export function serveDashboard(app: Hono<ServerEnv>, dashboardDir: string): void {
  let assets: MiddlewareHandler<ServerEnv> | null = null
  app.get('/assets/*', async (context) => {
    // Only once it exists: it may be built while the program runs.
    if (existsSync(dashboardDir)) assets ??= serveStatic({ root: dashboardDir })
    const file = await assets?.(context, async () => {})
    if (!file) return context.text('There is no such file.', 404)
    file.headers.set('cache-control', 'public, max-age=31536000, immutable')
    return file
  })
  app.get('*', async (context, next) => {
    const { path } = context.req
    if (path.startsWith('/api/') || path.startsWith('/webhooks/')) return next()
    const page = join(dashboardDir, 'index.html')
    if (!existsSync(page)) return context.html(NOT_BUILT, 503)
    context.header('cache-control', 'no-cache')
    return context.html(await readFile(page, 'utf8'))
  })
}
