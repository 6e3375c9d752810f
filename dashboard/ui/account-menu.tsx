import { Menu } from '@base-ui/react/menu'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SessionInfo } from '../../src/server/contract.ts'
import { client } from '../client.ts'
import { applyTheme, storedTheme, type Theme } from '../theme.ts'
import { ROLE_WORDS } from '../words.ts'
import styles from './account-menu.module.css'
import { Icon } from './icon.tsx'
import { Providers } from './providers.tsx'

const THEMES: { value: Theme; label: string }[] = [
  { value: 'system', label: 'As the device' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

/** Who is signed in, the theme, and the way out. */
export function AccountMenu(props: {
  user: NonNullable<SessionInfo['user']>
  /** Shown here where the sidebar has no room for them. */
  providers: SessionInfo['providers']
}) {
  const { user } = props
  const queryClient = useQueryClient()
  const [theme, setTheme] = useState(storedTheme)

  async function signOut() {
    await client.signOut()
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
    await queryClient.invalidateQueries({ queryKey: ['session'] })
  }

  function choose(next: Theme) {
    applyTheme(next)
    setTheme(next)
  }

  return (
    <Menu.Root>
      <Menu.Trigger className={styles.trigger}>
        <span className={styles.face} aria-hidden="true">
          {user.name.charAt(0).toUpperCase()}
        </span>
        <span className={styles.who}>
          <span>{user.name}</span>
          <span className={styles.role}>{ROLE_WORDS[user.role].word}</span>
        </span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={4} className={styles.positioner}>
          <Menu.Popup className={styles.popup}>
            <p className={styles.email}>{user.email}</p>
            <div className={styles.providers}>
              <Providers providers={props.providers} />
            </div>
            <Menu.Group>
              <Menu.GroupLabel className={styles.label}>Theme</Menu.GroupLabel>
              <Menu.RadioGroup value={theme} onValueChange={choose}>
                {THEMES.map(({ value, label }) => (
                  <Menu.RadioItem key={value} value={value} className={styles.item} closeOnClick={false}>
                    <span className={styles.tick}>
                      <Menu.RadioItemIndicator>
                        <Icon name="check" size={12} />
                      </Menu.RadioItemIndicator>
                    </span>
                    {label}
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
            </Menu.Group>
            <Menu.Separator className={styles.separator} />
            <Menu.Item className={styles.item} onClick={signOut}>
              <span className={styles.tick} />
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
