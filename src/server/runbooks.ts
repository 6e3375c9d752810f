import { NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { RunbookAnswer } from './alerts-contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId } from './request.ts'

/** Names are made into paths of files, so nothing else may be in them. */
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** `GET /api/runbooks/:name`: a page of `docs/runbooks`, by its name without `.md`. */
export function readRunbookByName(parts: Pick<ServerParts, 'alerts'>): RouteHandler {
  return async (context) => {
    const name = pathId(context, 'name')
    const text = NAME.test(name) ? parts.alerts.readRunbook(name) : null
    if (text === null)
      throw new NotFoundError('There is no such page in docs/runbooks. Its README lists them.')
    return context.json<RunbookAnswer>({ text, url: null })
  }
}
