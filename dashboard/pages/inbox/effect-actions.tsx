import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useState } from 'react'
import type { EffectResolution, EffectView } from '../../../src/server/contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input } from '../../ui/field.tsx'
import { useToast } from '../../ui/toast.tsx'
import { EFFECT_WORDS } from '../../words.ts'
import styles from './attention.module.css'
import { isAnswerLost } from './use-decided-elsewhere.ts'

type Outcome = EffectResolution['outcome']
type Asked = { effect: EffectView; outcome: Outcome }

const AskContext = createContext<((asked: Asked) => void) | null>(null)

/**
 * Holds the dialog in which a person says what became of an effect. It stands above the pages: the card that opened it
 * leaves when newer ones come or somebody else says, and a link that was pasted must not leave with it.
 */
export function EffectDialogs({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  return (
    <AskContext value={setAsked}>
      {children}
      {asked && <ResolveDialog {...asked} onClose={() => setAsked(null)} />}
    </AskContext>
  )
}

/**
 * For an effect of which nobody knows whether it happened: a person looks at the provider and says. `It happened`
 * keeps it, `It did not` lets the run do it again. Throws outside of `EffectDialogs`.
 */
export function EffectActions({ effect }: { effect: EffectView }) {
  const ask = useContext(AskContext)
  if (ask === null) throw new Error('EffectActions is for pages inside EffectDialogs.')
  return (
    <>
      <Button onClick={() => ask({ effect, outcome: 'happened' })}>It happened</Button>
      <Button onClick={() => ask({ effect, outcome: 'did_not_happen' })}>It did not</Button>
    </>
  )
}

function ResolveDialog(props: Asked & { onClose: () => void }) {
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
    onSuccess: () => {
      toast({ look: 'ok', title: happened ? 'Noted: it happened' : 'Noted: it will be tried again' })
      onClose()
    },
    // Not waited for: an error is said at once, and when its answer was lost, how it stands follows.
    onSettled: () => void queryClient.invalidateQueries(),
  })
  const settled = useSettledElsewhere(effect, resolve)
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
      overtaken={settled}
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

/**
 * Says how the effect stands once it is settled without this dialog; null as long as it is not.
 * @param own this dialog's own answer
 */
function useSettledElsewhere(
  { id, runId }: EffectView,
  own: { isPending: boolean; isSuccess: boolean; error: Error | null },
): string | null {
  const { data, isFetchedAfterMount } = useQuery(queries.run(runId))
  const status = data?.effects.find((effect) => effect.id === id)?.status ?? 'unknown'
  // What was fetched earlier may be from before its outcome got lost.
  if (!isFetchedAfterMount || status === 'unknown' || own.isPending || own.isSuccess) return null
  const stands = `It stands at “${EFFECT_WORDS[status].word}” now.`
  if (isAnswerLost(own.error)) return `The answer to what you sent was lost. ${stands}`
  // After a refusal it may be one's own first answer, lost before, that has settled it.
  if (own.error !== null) return `It has been settled meanwhile. ${stands}`
  return `Somebody else has settled it meanwhile. ${stands} Nothing of yours was sent.`
}
