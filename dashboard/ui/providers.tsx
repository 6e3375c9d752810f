import type { ProviderStatus } from '../../src/server/contract.ts'
import { PROVIDER_NAMES, PROVIDER_WORDS } from '../words.ts'
import { Badge } from './badge.tsx'
import styles from './providers.module.css'

const MODES = ['live', 'sandbox', 'off'] as const
/** More names than this would not stand on one line. */
const NAMED_UP_TO = 2

/** How many providers are live, played by the sandbox, and off; each by name is on the page of the connections. */
export function Providers({ providers }: { providers: ProviderStatus[] }) {
  return (
    <ul className={styles.providers} aria-label="Providers">
      {MODES.map((mode) => {
        const names = providers.flatMap((one) => (one.mode === mode ? [PROVIDER_NAMES[one.provider]] : []))
        if (names.length === 0) return null
        return (
          <li key={mode} className={styles.provider} title={names.join(', ')}>
            <span>{describe(names, providers.length)}</span>
            <Badge status={PROVIDER_WORDS[mode]} />
          </li>
        )
      })}
    </ul>
  )
}

function describe(names: string[], all: number): string {
  if (names.length === all) return `All ${all} providers`
  return names.length <= NAMED_UP_TO ? names.join(', ') : `${names.length} providers`
}
