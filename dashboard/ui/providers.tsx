import type { ProviderStatus } from '../../src/server/contract.ts'
import { PROVIDER_NAMES, PROVIDER_WORDS } from '../words.ts'
import { Badge } from './badge.tsx'
import styles from './providers.module.css'

/** Which providers are live, which are played by the sandbox, which are off. */
export function Providers({ providers }: { providers: ProviderStatus[] }) {
  return (
    <ul className={styles.providers} aria-label="Providers">
      {providers.map(({ provider, mode }) => (
        <li key={provider} className={styles.provider}>
          <span>{PROVIDER_NAMES[provider]}</span>
          <Badge status={PROVIDER_WORDS[mode]} />
        </li>
      ))}
    </ul>
  )
}
