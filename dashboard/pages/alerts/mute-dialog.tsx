import { useState } from 'react'
import { client } from '../../client.ts'
import { describeMoment, useMachineNow } from '../../time.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input, Select } from '../../ui/field.tsx'
import { tomorrowMorning } from './alert-words.ts'
import { useAct } from './use-act.ts'

type Choice = 'hour' | 'morning' | 'date'

/** Until when a rule is to tell nobody. */
export function MuteDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { nowMs } = useMachineNow()
  const [choice, setChoice] = useState<Choice>('hour')
  const [date, setDate] = useState('')
  const mute = useAct((until: string) => client.muteAlertRule(name, until), `${name} is muted`)
  const morning = tomorrowMorning(nowMs)
  const until = untilOf(choice, nowMs, morning, date)
  return (
    <FormDialog
      open
      onClose={onClose}
      title={`Mute ${name}`}
      description="Nobody is told until then. What fires is shown here all the same; if it still does afterwards, it is told then."
      submit="Mute"
      busy={mute.isPending}
      error={mute.error?.message ?? null}
      onSubmit={() => until && mute.mutate(until, { onSuccess: onClose })}
    >
      <Select
        label="Until"
        name="until"
        value={choice}
        onChange={(value) => setChoice(value as Choice)} // one of the options below
        options={[
          { value: 'hour', label: `In an hour (${describeMoment(nowMs + 3_600_000)})` },
          { value: 'morning', label: `Tomorrow at nine (${describeMoment(morning.getTime())})` },
          { value: 'date', label: 'The beginning of a day' },
        ]}
      />
      {choice === 'date' && (
        <Input
          label="Day"
          name="day"
          type="date"
          value={date}
          onChange={setDate}
          hint="At most 90 days ahead"
        />
      )}
    </FormDialog>
  )
}

/** Null: no day has been chosen yet. */
function untilOf(choice: Choice, nowMs: number, morning: Date, date: string): string | null {
  if (choice === 'hour') return new Date(nowMs + 3_600_000).toISOString()
  if (choice === 'morning') return morning.toISOString()
  const day = new Date(`${date}T00:00`)
  return Number.isNaN(day.getTime()) ? null : day.toISOString()
}
