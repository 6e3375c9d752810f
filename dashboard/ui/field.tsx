import { Field as Base } from '@base-ui/react/field'
import { Select as BaseSelect } from '@base-ui/react/select'
import type { ReactNode } from 'react'
import styles from './field.module.css'
import { Icon } from './icon.tsx'

type FieldProps = {
  label: string
  name: string
  value: string
  onChange: (value: string) => void
  /** Said below the control; an error takes its place. */
  hint?: ReactNode
  error?: string | null
}

export type InputProps = FieldProps & {
  type?: 'text' | 'email' | 'password' | 'url' | 'tel' | 'date'
  inputMode?: 'numeric' | 'decimal' | 'tel'
  autoComplete?: string
  placeholder?: string
}

export function Input(props: InputProps) {
  const { label, hint, error, onChange, ...control } = props
  return (
    <Frame label={label} hint={hint} error={error}>
      <Base.Control {...control} className={styles.control} onValueChange={onChange} />
    </Frame>
  )
}

/** With `code`, every character has the same width and nothing is corrected. */
export function Textarea(props: FieldProps & { rows?: number; placeholder?: string; code?: boolean }) {
  const { label, hint, error, onChange, rows = 3, code = false, ...control } = props
  return (
    <Frame label={label} hint={hint} error={error}>
      <Base.Control
        className={`${styles.control} ${styles.area} ${code ? styles.code : ''}`}
        {...control}
        onValueChange={onChange}
        render={<textarea rows={rows} {...(code && { spellCheck: false, autoCapitalize: 'off' })} />}
      />
    </Frame>
  )
}

/** One of a few; `''` as a value is a choice like any other (“does not say”). */
export function Select(
  props: FieldProps & { options: { value: string; label: string }[]; hiddenLabel?: boolean },
) {
  return (
    <Frame label={props.label} hint={props.hint} error={props.error} labelIsText hidden={props.hiddenLabel}>
      <BaseSelect.Root
        name={props.name}
        items={props.options}
        value={props.value}
        onValueChange={(value) => props.onChange(value ?? '')}
        modal={false}
      >
        <BaseSelect.Trigger className={`${styles.control} ${styles.trigger}`}>
          <BaseSelect.Value />
          <Icon name="chevronDown" size={12} />
        </BaseSelect.Trigger>
        <BaseSelect.Portal>
          <BaseSelect.Positioner sideOffset={4} alignItemWithTrigger={false} className={styles.positioner}>
            <BaseSelect.Popup className={styles.popup}>
              {props.options.map((option) => (
                <BaseSelect.Item key={option.value} value={option.value} className={styles.item}>
                  <BaseSelect.ItemIndicator className={styles.indicator}>
                    <Icon name="check" size={12} />
                  </BaseSelect.ItemIndicator>
                  <BaseSelect.ItemText className={styles.itemText}>{option.label}</BaseSelect.ItemText>
                </BaseSelect.Item>
              ))}
            </BaseSelect.Popup>
          </BaseSelect.Positioner>
        </BaseSelect.Portal>
      </BaseSelect.Root>
    </Frame>
  )
}

function Frame(props: {
  label: string
  hint: ReactNode
  error: string | null | undefined
  labelIsText?: boolean
  hidden?: boolean | undefined
  children: ReactNode
}) {
  return (
    <Base.Root className={styles.field} invalid={Boolean(props.error)}>
      {props.labelIsText ? (
        // A select's trigger is a button, which a <label> would press when clicked.
        <Base.Label
          className={props.hidden ? 'visually-hidden' : styles.label}
          nativeLabel={false}
          render={<span />}
        >
          {props.label}
        </Base.Label>
      ) : (
        <Base.Label className={styles.label}>{props.label}</Base.Label>
      )}
      {props.children}
      {props.error ? (
        <Base.Error match className={styles.error}>
          <Icon name="alert" size={12} />
          {props.error}
        </Base.Error>
      ) : (
        props.hint && <Base.Description className={styles.hint}>{props.hint}</Base.Description>
      )}
    </Base.Root>
  )
}
