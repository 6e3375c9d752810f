import { useState } from 'react'
import type { ParsedJobPost } from '../../../src/extraction/schema.ts'
import {
  changedFields,
  EDIT_LABELS,
  type EditableFields,
  editableFields,
  humanize,
} from '../../post-fields.ts'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input, type InputProps, Select, Textarea } from '../../ui/field.tsx'
import styles from './decision-actions.module.css'
import { type ToDecide, useDecide } from './use-decide.ts'
import { useDecidedElsewhere } from './use-decided-elsewhere.ts'

type Name = keyof EditableFields

/** What a choice can be; the lists of `extraction/schema.ts`. */
const CHOICES = {
  workplace: ['onsite', 'hybrid', 'remote'],
  employmentType: ['full_time', 'part_time', 'contract', 'temporary', 'internship', 'volunteer'],
  salaryPeriod: ['hour', 'day', 'week', 'month', 'year', 'project'],
} as const

/** The fields, to be corrected before the post is approved. Only what was changed is sent, and kept as a diff. */
export function EditDialog(props: {
  toDecide: ToDecide
  parsed: ParsedJobPost
  uncertain: string[]
  onClose: () => void
}) {
  const [before] = useState(() => editableFields(props.parsed))
  const [fields, setFields] = useState(before)
  const decide = useDecide(props.toDecide)
  const elsewhere = useDecidedElsewhere(props.toDecide, decide)
  const edits = changedFields(before, fields)
  const changed = Object.keys(edits).length
  const needsTitle = fields.title.trim() === ''
  const refusal = decide.error === null ? null : readRefusal(decide.error.message)

  function submit() {
    if (needsTitle) return
    decide.mutate({ decision: 'approve', edits }, { onSuccess: props.onClose })
  }

  function errorAt(name: Name): string | null {
    if (name === 'title' && needsTitle) return 'A post needs a title.'
    return refusal?.field === name ? refusal.message : null
  }

  function bind(name: Name) {
    return {
      name,
      label: EDIT_LABELS[name],
      value: fields[name],
      onChange: (value: string) => setFields((current) => ({ ...current, [name]: value })),
      error: errorAt(name),
      hint: props.uncertain.includes(name) ? 'The parser was unsure here' : null,
    }
  }

  return (
    <FormDialog
      open
      onClose={props.onClose}
      title={`Edit “${props.toDecide.title}”`}
      description="Saving publishes the post with your changes, which are kept beside what the parser read."
      submit={changed > 0 ? 'Save and approve' : 'Approve unchanged'}
      busy={decide.isPending}
      error={refusal?.field ? null : (refusal?.message ?? null)}
      overtaken={elsewhere}
      onSubmit={submit}
    >
      <FieldInputs bind={bind} />
    </FormDialog>
  )
}

/** The server names the field that it refuses: `salaryMax: A number, without currency`. */
function readRefusal(message: string): { field: string | null; message: string } {
  const [, field, rest] = /^(\w+): (.+)$/s.exec(message) ?? []
  return field !== undefined && rest !== undefined && field in EDIT_LABELS
    ? { field, message: rest }
    : { field: null, message }
}

type Bind = (name: Name) => Pick<InputProps, 'name' | 'label' | 'value' | 'onChange' | 'hint' | 'error'>

function FieldInputs({ bind }: { bind: Bind }) {
  return (
    <div className={styles.grid}>
      <div className={styles.wide}>
        <Input {...bind('title')} />
      </div>
      <Input {...bind('company')} />
      <Input {...bind('location')} />
      <Choice {...bind('workplace')} values={CHOICES.workplace} />
      <Choice {...bind('employmentType')} values={CHOICES.employmentType} />
      <div className={styles.salary}>
        <Input {...bind('salaryMin')} inputMode="decimal" />
        <Input {...bind('salaryMax')} inputMode="decimal" />
        <Input {...bind('salaryCurrency')} placeholder="EUR" />
        <Choice {...bind('salaryPeriod')} values={CHOICES.salaryPeriod} />
      </div>
      <div className={styles.wide}>
        <Textarea {...bind('description')} rows={5} />
      </div>
      <div className={styles.wide}>
        <Input {...bind('applyUrl')} type="url" placeholder="https://" />
      </div>
      <Input {...bind('applyEmail')} type="email" />
      <Input {...bind('applyPhone')} type="tel" />
      <Input {...bind('deadline')} type="date" />
      <Input {...bind('tags')} placeholder="design, part time" />
    </div>
  )
}

function Choice({ values, ...field }: ReturnType<Bind> & { values: readonly string[] }) {
  const options = values.map((value) => ({ value, label: humanize(value) }))
  return <Select {...field} options={[{ value: '', label: 'Does not say' }, ...options]} />
}
