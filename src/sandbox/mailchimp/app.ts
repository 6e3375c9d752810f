/** Mailchimp's address space: the Marketing API 3.0, one list. Batches are not part of it. */
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { queueEmail, triggerJourney } from './journeys.ts'
import { archiveMember, forgetMember, patchMember, putMember, showMember } from './members.ts'
import { keyInvalid, type MailchimpAnswer, notFound, respond } from './problems.ts'
import { addEvent, listTags, setTags } from './tags.ts'

/** The stand-in for `https://<dc>.api.mailchimp.com`. */
export function createMailchimpApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>().basePath('/3.0')
  const signedIn = authentication(world)
  const ofList = knownList(world)
  const wrap = (name: string) => operation(world, 'mailchimp', name)
  const member = '/lists/:list/members/:member'

  app.get('/ping', wrap('ping'), signedIn, () =>
    respond({ status: 200, body: { health_status: "Everything's Chimpy!" } }),
  )
  app.get('/lists/:list', wrap('lists.get'), signedIn, ofList, () => respond(showList(world)))
  app.put(member, wrap('members.put'), signedIn, ofList, (context) =>
    respond(putMember(world, context.req.param('member'), context.get('fields'))),
  )
  app.patch(member, wrap('members.patch'), signedIn, ofList, (context) =>
    respond(patchMember(world, context.req.param('member'), context.get('fields'))),
  )
  app.get(member, wrap('members.get'), signedIn, ofList, (context) =>
    respond(showMember(world, context.req.param('member'))),
  )
  app.delete(member, wrap('members.archive'), signedIn, ofList, (context) =>
    respond(archiveMember(world, context.req.param('member'))),
  )
  app.post(`${member}/actions/delete-permanent`, wrap('members.delete'), signedIn, ofList, (context) =>
    respond(forgetMember(world, context.req.param('member'))),
  )
  app.post(`${member}/tags`, wrap('tags.set'), signedIn, ofList, (context) =>
    respond(setTags(world, context.req.param('member'), context.get('fields'))),
  )
  app.get(`${member}/tags`, wrap('tags.list'), signedIn, ofList, (context) =>
    respond(listTags(world, context.req.param('member'), context.get('fields'))),
  )
  app.post(`${member}/events`, wrap('events.add'), signedIn, ofList, (context) =>
    respond(addEvent(world, context.req.param('member'), context.get('fields'))),
  )
  app.post(
    '/customer-journeys/journeys/:journey/steps/:step/actions/trigger',
    wrap('journeys.trigger'),
    signedIn,
    (context) => respond(triggerJourney(world, context.req.param(), context.get('fields'))),
  )
  app.post('/automations/:workflow/emails/:email/queue', wrap('automations.queue'), signedIn, (context) =>
    respond(queueEmail(world, context.req.param(), context.get('fields'))),
  )
  app.all('*', wrap('unknown'), signedIn, () => respond(notFound()))
  return app
}

function showList(world: World): MailchimpAnswer {
  const byStatus = Map.groupBy(world.mailchimp.contacts.values(), ({ status }) => status)
  const count = (status: 'subscribed' | 'unsubscribed' | 'cleaned') => byStatus.get(status)?.length ?? 0
  return {
    status: 200,
    body: {
      id: world.options.mailchimpListId,
      web_id: 1,
      name: 'Sandbox Community',
      permission_reminder: 'You are a member of the community.',
      double_optin: false,
      stats: {
        member_count: count('subscribed'),
        unsubscribe_count: count('unsubscribed'),
        cleaned_count: count('cleaned'),
      },
      _links: [],
    },
  }
}

/** Basic authentication with any user name; the key is the password. */
function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    const encoded = /^Basic (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? ''
    const [, key] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? []
    if (key === world.options.mailchimpApiKey) return next()
    return respond(keyInvalid())
  }
}

function knownList(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    if (context.req.param('list') === world.options.mailchimpListId) return next()
    return respond(notFound())
  }
}
