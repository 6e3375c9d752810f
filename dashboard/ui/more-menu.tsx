import { Menu } from '@base-ui/react/menu'
import { Link, useRouterState } from '@tanstack/react-router'
import { Icon } from './icon.tsx'
import styles from './more-menu.module.css'
import type { Destination } from './shell.tsx'

/** On a phone, the places for which the bar at the bottom has no room. */
export function MoreMenu({ places }: { places: Destination[] }) {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const isHere = places.some(({ to }) => path.startsWith(to))
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className={styles.trigger} data-here={isHere || undefined}>
        <Icon name="more" size={18} />
        <span>More</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="end" sideOffset={8} className={styles.positioner}>
          <Menu.Popup className={styles.popup}>
            {places.map(({ to, label, icon }) => (
              <Menu.LinkItem key={to} className={styles.item} closeOnClick render={<Link to={to} />}>
                <Icon name={icon} size={18} />
                {label}
              </Menu.LinkItem>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}
