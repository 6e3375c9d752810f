import { Dialog as Base } from '@base-ui/react/dialog'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Button } from './button.tsx'
import styles from './dialog.module.css'
import { Icon } from './icon.tsx'

/**
 * A question that must be answered or left: a form with a title, an error when sending failed, and two buttons.
 * Escape and a click beside it leave; the focus returns to where it was.
 */
export function FormDialog(props: {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  submit: string
  look?: 'primary' | 'danger'
  busy?: boolean
  error?: string | null
  /** Why there is nothing to send any more. What was written stays, to be copied. */
  overtaken?: string | null
  onSubmit: () => void
  children: ReactNode
}) {
  const body = useRef<HTMLDivElement>(null)

  function submit(event: FormEvent) {
    event.preventDefault()
    // A portal's events bubble through React's tree, where another form may be listening.
    event.stopPropagation()
    if (!props.overtaken) props.onSubmit()
  }
  return (
    <DialogFrame
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      description={props.description}
      initialFocus={() => body.current?.querySelector<HTMLElement>('input, textarea, button') ?? true}
    >
      <form onSubmit={submit} className={styles.form} noValidate>
        <div ref={body} className={styles.body}>
          {props.children}
        </div>
        <div className={styles.foot}>
          {props.error && !props.overtaken && (
            <p role="alert" className={styles.error}>
              <Icon name="alert" />
              {props.error}
            </p>
          )}
          <p role="status" className={props.overtaken ? styles.overtaken : undefined}>
            {props.overtaken}
          </p>
          <Button look={props.overtaken ? 'primary' : 'quiet'} onClick={props.onClose}>
            {props.overtaken ? 'Close' : 'Cancel'}
          </Button>
          {!props.overtaken && (
            <Button type="submit" look={props.look ?? 'primary'} busy={props.busy ?? false}>
              {props.submit}
            </Button>
          )}
        </div>
      </form>
    </DialogFrame>
  )
}

/** The dialog's frame alone, for content that is not a form. */
export function DialogFrame(props: {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  /** What takes the focus; without it, the first thing that can. */
  initialFocus?: () => HTMLElement | true
  children: ReactNode
}) {
  useFocusReturn()
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={styles.popup} initialFocus={props.initialFocus ?? true}>
          <div className={styles.head}>
            <Base.Title className={styles.title}>{props.title}</Base.Title>
            <Base.Close className={styles.close} aria-label="Close">
              <Icon name="cross" />
            </Base.Close>
            {props.description && (
              <Base.Description className={styles.description}>{props.description}</Base.Description>
            )}
          </div>
          {props.children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}

/** A dialog that leaves together with what asked for it cannot hand the focus back by itself. */
function useFocusReturn() {
  const [before] = useState(() => document.activeElement)
  useEffect(() => {
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [before])
}
