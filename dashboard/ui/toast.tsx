import { Toast as Base } from '@base-ui/react/toast'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Icon, type IconName } from './icon.tsx'
import styles from './toast.module.css'

type Look = 'ok' | 'note' | 'bad'
const ICONS: Record<Look, IconName> = { ok: 'check', note: 'message', bad: 'alert' }

/** What happened, in a sentence; where it can be looked at. */
export type Notice = { look: Look; title: string; detail?: string; postId?: string; runId?: string | null }

export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider timeout={8_000} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className={styles.viewport}>
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  )
}

/** Gives the function that shows a notice. A failure stays until it is closed, everything else for 8 seconds. */
export function useToast(): (notice: Notice) => void {
  const { add, close } = Base.useToastManager()
  const navigate = useNavigate()
  return ({ look, title, detail, postId, runId }) => {
    const act = (children: string, go: () => Promise<void>) => ({
      actionProps: {
        children,
        onClick: () => {
          close(id)
          void go()
        },
      },
    })
    const id = add({
      title,
      type: look,
      description: detail,
      timeout: look === 'bad' ? 0 : 8_000,
      ...(postId && act('See the post', () => navigate({ to: '/posts/$id', params: { id: postId } }))),
      ...(runId && act('See the run', () => navigate({ to: '/runs/$id', params: { id: runId } }))),
    })
  }
}

function Toasts() {
  const { toasts } = Base.useToastManager()
  return toasts.map((toast) => (
    <Base.Root key={toast.id} toast={toast} className={styles.toast} swipeDirection={['right', 'up']}>
      <Base.Content className={styles.content}>
        <span className={styles[lookOf(toast.type)]}>
          <Icon name={ICONS[lookOf(toast.type)]} />
        </span>
        <div className={styles.text}>
          <Base.Title className={styles.title} />
          <Base.Description className={styles.description} />
          <Base.Action className={styles.action} />
        </div>
        <Base.Close className={styles.close} aria-label="Close">
          <Icon name="cross" size={12} />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ))
}

function lookOf(type: string | undefined): Look {
  return type === 'ok' || type === 'bad' ? type : 'note'
}
