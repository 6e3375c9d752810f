import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input, Select, Textarea } from '../../ui/field.tsx'
import { FilterChips } from '../../ui/filter-chips.tsx'
import { KeyHelp } from '../../ui/key-help.tsx'
import { Meter } from '../../ui/meter.tsx'
import { useToast } from '../../ui/toast.tsx'
import styles from '../gallery.module.css'

const LOOKS = ['primary', 'plain', 'quiet', 'danger'] as const

export function Buttons() {
  return LOOKS.map((look) => (
    <div key={look} className={styles.row}>
      <Button look={look}>{look}</Button>
      <Button look={look} icon="check">
        With an icon
      </Button>
      <Button look={look} busy>
        Working
      </Button>
      <Button look={look} disabled>
        Disabled
      </Button>
    </div>
  ))
}

export function Fields() {
  const [text, setText] = useState('Line cook')
  const [choice, setChoice] = useState('remote')
  const field = { value: text, onChange: setText }
  return (
    <div className={styles.fields}>
      <Input label="Plain" name="plain" {...field} />
      <Input label="With a hint" name="hint" hint="Said below the field" {...field} />
      <Input label="With an error" name="error" error="Say what to do about it." {...field} />
      <Textarea label="Long text" name="long" {...field} />
      <Select
        label="One of a few"
        name="choice"
        value={choice}
        onChange={setChoice}
        options={['onsite', 'hybrid', 'remote'].map((value) => ({ value, label: value }))}
      />
    </div>
  )
}

export function Meters() {
  const chips = ['On', 'Off', 'With a count'].map((label, index) => ({
    label,
    isOn: index === 0,
    link: { to: '/gallery' as const },
    ...(index === 2 && { count: 1_280 }),
  }))
  return (
    <div className={styles.stack}>
      {[3, 7, 8].map((value) => (
        <Meter key={value} label="At once" value={value} limit={8} text={`${value} of 8`} />
      ))}
      <FilterChips label="Examples" chips={chips} />
    </div>
  )
}

export function Dialogs() {
  const [open, setOpen] = useState<'ask' | 'failed' | 'keys' | null>(null)
  const close = () => setOpen(null)
  return (
    <div className={styles.row}>
      <Button onClick={() => setOpen('ask')}>A question</Button>
      <Button onClick={() => setOpen('failed')}>One that failed</Button>
      <Button onClick={() => setOpen('keys')}>Keys</Button>
      <FormDialog
        open={open === 'ask' || open === 'failed'}
        onClose={close}
        title="Deny “Line cook”?"
        description="The sender gets a text with the reason. That can’t be undone."
        submit="Deny"
        look="danger"
        error={open === 'failed' ? 'The server cannot be reached. Check that it runs, then try again.' : null}
        onSubmit={close}
      >
        <Textarea label="Reason" name="reason" value="" onChange={() => {}} />
      </FormDialog>
      <KeyHelp open={open === 'keys'} onClose={close} />
    </div>
  )
}

export function Toasts() {
  const toast = useToast()
  return (
    <div className={styles.row}>
      <Button
        onClick={() => toast({ look: 'ok', title: 'Approved “Line cook”', detail: 'It is being published.' })}
      >
        Done
      </Button>
      <Button
        onClick={() =>
          toast({
            look: 'note',
            title: 'Already decided',
            detail: 'Dana denied this in Slack 2 minutes ago.',
          })
        }
      >
        Came second
      </Button>
      <Button
        onClick={() =>
          toast({ look: 'bad', title: 'It was not decided', detail: 'The server cannot be reached.' })
        }
      >
        Failed
      </Button>
    </div>
  )
}
