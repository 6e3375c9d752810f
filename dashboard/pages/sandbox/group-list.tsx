import styles from './member-panels.module.css'
import type { World } from './world.ts'

/** The workspace's user groups, with who is in them. */
export function GroupList({ slack }: { slack: World['slack'] }) {
  const names = new Map(slack.users.map(({ id, name, realName }) => [id, realName || name]))
  return slack.usergroups.map((group) => (
    <details key={group.id} className={styles.group}>
      <summary>
        @{group.handle} · {group.userIds.length} {group.userIds.length === 1 ? 'person' : 'people'}
      </summary>
      <p className={styles.quiet}>
        {group.userIds.length === 0
          ? 'Nobody yet. Members who are in Slack come in by themselves.'
          : group.userIds.map((id) => names.get(id) ?? id).join(', ')}
      </p>
    </details>
  ))
}
