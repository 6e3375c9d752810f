import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { EffectResolution, EffectView } from '../../../src/server/contract.ts'
import { client } from '../../client.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from './attention.module.css'

/**
 * For an effect of which nobody knows whether it happened: a person looks at the provider and says. `It happened`
 * keeps it, `It did not` lets the run do it again.
 */
export function EffectActions({ effect }: { effect: EffectView }) {
  const [asking, setAsking] = useState<EffectResolution['outcome'] | null>(null)
  return (
    <>
      <Button onClick={() => setAsking('happened')}>It happened</Button>
      <Button onClick={() => setAsking('did_not_happen')}>It did not</Button>
      {asking && <ResolveDialog effect={effect} outcome={asking} onClose={() => setAsking(null)} />}
    </>
  )
}

function ResolveDialog(props: {
  effect: EffectView
  outcome: EffectResolution['outcome']
  onClose: () => void
}) {
  const { effect, outcome, onClose } = props
  const queryClient = useQueryClient()
  const toast = useToast()
  const [objectId, setObjectId] = useState('')
  const [url, setUrl] = useState('')
  const happened = outcome === 'happened'
  const resolve = useMutation({
    mutationFn: () =>
      client.resolveEffect(
        effect.id,
        happened
          ? {
              outcome,
              ...(objectId.trim() && { objectId: objectId.trim() }),
              ...(url.trim() && { url: url.trim() }),
            }
          : { outcome },
      ),
    onSuccess: async () => {
      toast({ look: 'ok', title: happened ? 'Noted: it happened' : 'Noted: it will be tried again' })
      onClose()
      await queryClient.invalidateQueries()
    },
  })
  return (
    <FormDialog
      open
      onClose={onClose}
      title={happened ? 'It happened?' : 'It did not happen?'}
      description={
        happened
          ? `You looked at the provider and found it: ${effect.description}. It will not be done again.`
          : `You looked at the provider and it is not there: ${effect.description}. It will be done again; if it did happen after all, it happens twice.`
      }
      submit={happened ? 'It happened' : 'Do it again'}
      look={happened ? 'primary' : 'danger'}
      busy={resolve.isPending}
      error={resolve.error?.message ?? null}
      onSubmit={() => resolve.mutate()}
    >
      {happened && (
        <div className={styles.form}>
          <Input
            label="Its id at the provider"
            name="objectId"
            value={objectId}
            onChange={setObjectId}
            hint="If you have it at hand"
          />
          <Input
            label="Its address"
            name="url"
            type="url"
            value={url}
            onChange={setUrl}
            hint="If it has one"
          />
        </div>
      )}
    </FormDialog>
  )
}
