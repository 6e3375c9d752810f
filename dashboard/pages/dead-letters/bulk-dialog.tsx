import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { LetterActionRequest, LetterChoice } from '../../../src/server/dead-letters-contract.ts'
import { operate } from '../../operations-queries.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Select, Textarea } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from '../dead-letters.module.css'
import { ACTION_WORDS } from './action-words.ts'

export type Bulk = { kind: LetterActionRequest['kind']; choice: LetterChoice; count: number }

/** Says what an action on several letters would do, whether it needs a second person, and asks for it. For one: LetterDialog. */
export function BulkDialog(props: {
  bulk: Bulk
  aloneAtMost: number
  /** How many fit a choice by filter by now; undefined where that is not known. */
  fitting: number | undefined
  onClose: () => void
  onDone?: () => void
}) {
  const { bulk, aloneAtMost, onClose, onDone } = props
  const [from, setFrom] = useState('failed-step')
  const [reason, setReason] = useState('')
  const [wanting, setWanting] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const words = ACTION_WORDS[bulk.kind]
  // Those that were chosen one by one stay as many; to a filter, others may come.
  const count = 'ids' in bulk.choice ? bulk.count : (props.fitting ?? bulk.count)
  const many = count > aloneAtMost
  const act = useMutation({
    mutationFn: () => operate.actOnMany(requestOf(bulk, from, reason.trim())),
    onSuccess: (action) => {
      onDone?.()
      onClose()
      toast(
        action.status === 'waiting'
          ? { look: 'note', title: 'Waits for a second person', detail: 'Another operator has to agree.' }
          : { look: 'ok', title: words.begun, detail: 'The progress is shown at the top of Dead letters.' },
      )
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['dead-letters'] }),
  })

  function submit() {
    if (bulk.kind === 'abandon' && reason.trim() === '') setWanting(true)
    else act.mutate()
  }

  return (
    <FormDialog
      open
      onClose={onClose}
      title={`${words.verb} ${bulk.count.toLocaleString('en')} dead letters?`}
      description={words.many}
      submit={many ? 'Ask a second person' : words.verb}
      look={bulk.kind === 'replay' ? 'primary' : 'danger'}
      busy={act.isPending}
      error={act.error?.message ?? null}
      onSubmit={submit}
    >
      {bulk.kind === 'replay' && (
        <Select
          label="From where"
          name="from"
          value={from}
          options={[
            { value: 'failed-step', label: 'From the step that failed' },
            { value: 'start', label: 'From the start' },
          ]}
          onChange={setFrom}
        />
      )}
      {bulk.kind === 'abandon' && (
        <Textarea
          label="Reason"
          name="reason"
          value={reason}
          onChange={setReason}
          error={wanting && reason.trim() === '' ? 'Say why, for those who look at this later.' : null}
        />
      )}
      {count !== bulk.count && (
        <p role="status" className={styles.second}>
          Meanwhile it is {count.toLocaleString('en')}. It is done for all of them.
        </p>
      )}
      {many && (
        <p className={styles.second}>
          More than {aloneAtMost} at once need a second person: it begins when another operator has agreed.
        </p>
      )}
    </FormDialog>
  )
}

function requestOf({ kind, choice }: Bulk, from: string, reason: string): LetterActionRequest {
  switch (kind) {
    case 'replay':
      return { kind, choice, from: from === 'start' ? 'start' : 'failed-step' }
    case 'compensate':
      return { kind, choice }
    case 'abandon':
      return { kind, choice, reason }
  }
}
