import { DialogFrame } from './dialog.tsx'
import styles from './key-help.module.css'

const KEYS: [string, string][] = [
  ['/', 'Search the job posts'],
  ['j', 'Next card or row'],
  ['k', 'Previous card or row'],
  ['Enter', 'Open the row'],
  ['a', 'Approve the card in focus'],
  ['d', 'Deny it, with a reason'],
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
