import { DialogFrame } from './dialog.tsx'
import styles from './key-help.module.css'

const KEYS: [string, string][] = [
  ['/', 'Search the job posts, or on their page the members'],
  ['j', 'Next card or row'],
  ['k', 'Previous card or row'],
  ['Enter', 'Open the row'],
  ['a', 'Approve the card in focus, or answer with its first button'],
  ['d', 'Deny it, with a reason, or answer with its second button'],
  ['e', 'Edit it before approving'],
  ['?', 'Show these keys'],
]

/** The keys, shown by `?`. */
export function KeyHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <DialogFrame open={open} onClose={onClose} title="Keys">
      <dl className={styles.keys}>
        {KEYS.map(([key, meaning]) => (
          <div key={key} className={styles.row}>
            <dt>
              <kbd className={styles.key}>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </DialogFrame>
  )
}
