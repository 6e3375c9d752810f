/** People come to the workspace and go: nothing that an app can do, all that it can see. */
import { ConflictError, NotFoundError } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { newSlackId } from './ids.ts'
import type { SlackUser } from './model.ts'

/**
 * Somebody accepts an invitation.
 * @throws ConflictError when the address is in the workspace already, deactivated or not
 */
export function joinWorkspace(
  world: World,
  person: { email: string; realName: string; guest: boolean },
): SlackUser {
  const email = person.email.toLowerCase()
  if (world.slack.users.values().some((user) => user.email === email)) {
    throw new ConflictError('Somebody with this address is in the workspace already.')
  }
  const id = newSlackId('U')
  return world.slack.users.put(id, {
    id,
    name: email.slice(0, email.indexOf('@')),
    realName: person.realName,
    email,
    timezone: 'Europe/London',
    restricted: person.guest,
    updatedMs: world.clock.now(),
  })
}

/**
 * An admin deactivates an account, which also takes it out of every user group, or activates it again, which puts it
 * back into none.
 * @throws NotFoundError when there is no such user
 */
export function setDeactivated(world: World, id: string, deleted: boolean): SlackUser {
  const user = world.slack.users.get(id)
  if (!user) throw new NotFoundError('There is no user with this id.')
  if (deleted) {
    for (const group of world.slack.usergroups.values()) {
      if (!group.userIds.includes(id)) continue
      const userIds = group.userIds.filter((each) => each !== id)
      world.slack.usergroups.put(group.id, { ...group, userIds })
    }
  }
  return world.slack.users.put(id, { ...user, deleted, updatedMs: world.clock.now() })
}
