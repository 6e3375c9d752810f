/** PagerDuty's address space: the Events API v2, which is all that is called. */
import { Hono } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { takeEvent } from './events.ts'

/** The stand-in for `https://events.pagerduty.com`. */
export function createPagerDutyApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  app.post('/v2/enqueue', operation(world, 'pagerduty', 'events.enqueue'), (context) => {
    const { status, body } = takeEvent(world, context.get('fields'))
    return Response.json(body, { status })
  })
  app.all('*', () => Response.json({ error: { message: 'Not Found', code: 2100 } }, { status: 404 }))
  return app
}
