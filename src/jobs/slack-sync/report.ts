import type { Change, WorkspaceCounts } from './workspace.ts'

/** Names in one message; more are a number. */
const MOST_NAMES = 40

/** What the operators read after a sync; null when there is nothing to tell. */
export function describeChanges(changes: Change[], counts: WorkspaceCounts, isFirst: boolean): string | null {
  if (isFirst)
    return `Slack was read for the first time: ${people(counts.people)}. Of the members, ${counts.active} are in the workspace, ${counts.deactivated} are deactivated there and ${counts.absent} are not in it.`
  if (changes.length === 0) return null
  const came = changes.filter((change) => change.came)
  const left = changes.filter((change) => !change.came)
  return [
    `In Slack since the last sync: ${came.length} came, ${left.length} left.`,
    ...(came.length > 0 ? [`Came: ${names(came)}`] : []),
    ...(left.length > 0 ? [`Left: ${names(left)}`] : []),
  ].join('\n')
}

function people(count: number): string {
  return count === 1 ? 'one person' : `${count} people`
}

function names(changes: Change[]): string {
  const listed = changes
    .slice(0, MOST_NAMES)
    .map(({ name, isMember }) => `${name} (${isMember ? 'member' : 'not a member'})`)
  const more = changes.length - listed.length
  return [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
