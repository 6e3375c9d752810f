import type { ParsedJobPost } from '../../../src/extraction/schema.ts'
import { Button } from '../../ui/button.tsx'
import styles from './decision-actions.module.css'
import { useDecisionDialogs } from './decision-dialogs.tsx'
import { type ToDecide, useDecide } from './use-decide.ts'

/** Approve, deny with a reason, or edit and approve; each also by its key. */
export function DecisionActions(props: { toDecide: ToDecide; parsed: ParsedJobPost; uncertain: string[] }) {
  const { toDecide } = props
  const { ask } = useDecisionDialogs()
  const decide = useDecide(toDecide)
  return (
    <div className={styles.actions}>
      <Button
        look="primary"
        icon="check"
        hotkey="a"
        busy={decide.isPending}
        onClick={() => decide.mutate({ decision: 'approve' })}
      >
        Approve
      </Button>
      <Button
        icon="pencil"
        hotkey="e"
        disabled={decide.isPending}
        onClick={() => ask({ dialog: 'edit', ...props })}
      >
        Edit
      </Button>
      <Button
        icon="cross"
        hotkey="d"
        disabled={decide.isPending}
        onClick={() => ask({ dialog: 'deny', toDecide })}
      >
        Deny
      </Button>
    </div>
  )
}
