import { useSyncExternalStore } from 'react'

/** The width at which the shell's navigation moves to the bottom, too. */
const narrow = matchMedia('(max-width: 720px)')

/** Whether there is room for one thing at a time only. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener('change', listener)
      return () => narrow.removeEventListener('change', listener)
    },
    () => narrow.matches,
  )
}
