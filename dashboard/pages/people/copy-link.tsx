import { useRef, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import styles from '../people.module.css'

/** A link to hand on: shown whole, so that it can be copied by hand where the clipboard is closed to us. */
export function CopyLink({ link }: { link: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)

  async function copy() {
    field.current?.select()
    // Browsers give the clipboard to https and localhost only; elsewhere the selected link is there to be copied.
    if (!window.isSecureContext) return
    await navigator.clipboard.writeText(link)
    setCopied(true)
  }

  return (
    <div className={styles.copy}>
      <input
        ref={field}
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
