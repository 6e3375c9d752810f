/** Who wants to know that the world changed: the control API's event stream. */
export type ChangeBus = {
  /** Says that something changed; a burst of changes is announced once. */
  worldChanged(): void
  clockMoved(offsetMs: number): void
  /** Listens until the returned function is called. */
  subscribe(listener: ChangeListener): () => void
}
export type ChangeListener = (change: { event: 'world' } | { event: 'clock'; offsetMs: number }) => void

/** A burst of changes within this time is announced once, so that 200 texts do not redraw a page 2,000 times. */
const COALESCE_MS = 25

/** Creates a bus without listeners. */
export function createChangeBus(): ChangeBus {
  const listeners = new Set<ChangeListener>()
  let pending: NodeJS.Timeout | undefined
  const announce: ChangeListener = (change) => {
    for (const listener of listeners) listener(change)
  }
  return {
    worldChanged() {
      if (pending || listeners.size === 0) return
      pending = setTimeout(() => {
        pending = undefined
        announce({ event: 'world' })
      }, COALESCE_MS)
      pending.unref()
    },
    clockMoved: (offsetMs) => announce({ event: 'clock', offsetMs }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
