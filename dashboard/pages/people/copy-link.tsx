import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import styles from '../people.module.css'

/** A link to hand on: shown whole, so that it can be copied by hand where the clipboard is closed to us. */
export function CopyLink({ link }: { link: string }) {
  const [copied, setCopied] = useState(false)

  async function copy() {
    await navigator.clipboard.writeText(link)
    setCopied(true)
  }

  return (
    <div className={styles.copy}>
      <input
        className={styles.link}
        readOnly
        value={link}
        aria-label="Invitation link"
        onFocus={(event) => event.target.select()}
      />
      <Button icon={copied ? 'check' : 'copy'} onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy link'}
      </Button>
    </div>
  )
}
