/**
 * Which changes of the user group are made now. A change is `+U1` (joins) or `-U1` (leaves). A few changes are made at
 * once; too many at a time are put to a person first. Until the answer, and for a day after a no, exactly those changes
 * are held back, while others go on; a yes lets them through. The first filling of an empty group takes nobody anything.
 */
import { isTooMany } from '../membership/guard.ts'
import type { MembershipSettings } from '../membership/parts.ts'

export type GroupChange = `${'+' | '-'}${string}`

export type GroupPlan = {
  /** To be made now. */
  changes: GroupChange[]
  /** To be put to a person. */
  ask: GroupChange[]
  /** The group after the changes that are made now. */
  target: string[]
}

/**
 * Plans, given who belongs into the group, who is in it, and what people have answered.
 * @param held changes that wait for an answer, or were refused; @param released changes that were approved
 */
export function planGroup(
  groups: { desired: readonly string[]; current: readonly string[] },
  answers: { held: ReadonlySet<string>; released: ReadonlySet<string> },
  guard: MembershipSettings['guard'],
): GroupPlan {
  const [desired, current] = [new Set(groups.desired), new Set(groups.current)]
  const all: GroupChange[] = [
    ...[...desired].filter((id) => !current.has(id)).map((id): GroupChange => `+${id}`),
    ...[...current].filter((id) => !desired.has(id)).map((id): GroupChange => `-${id}`),
  ]
  const plan = (changes: GroupChange[], ask: GroupChange[]): GroupPlan => {
    const target = new Set(current)
    for (const change of changes) {
      if (change.startsWith('+')) target.add(change.slice(1))
      else target.delete(change.slice(1))
    }
    return { changes, ask, target: [...target].sort() }
  }
  if (current.size === 0) return plan(all, [])
  const released = all.filter((change) => answers.released.has(change))
  const others = all.filter((change) => !answers.released.has(change) && !answers.held.has(change))
  const tooMany = isTooMany(guard, others.length, Math.max(current.size, desired.size))
  return tooMany ? plan(released, others) : plan([...released, ...others], [])
}
