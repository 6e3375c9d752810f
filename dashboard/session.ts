import { createContext, useContext } from 'react'
import type { SessionInfo } from '../src/server/contract.ts'

export type SignedIn = SessionInfo & { user: NonNullable<SessionInfo['user']> }

/** Who is signed in; `app.tsx` shows nothing that needs it before it is known. */
export const SessionContext = createContext<SignedIn | null>(null)

/** The session of the person in front of the screen. Throws outside of a page that needs sign-in. */
export function useSession(): SignedIn {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('useSession is for pages that are shown to signed-in people only.')
  return session
}

/** Whether the person may decide about people and posts. The server checks again. */
export function useMayDecide(): boolean {
  return useSession().user.role !== 'viewer'
}

/** Whether the person may act on runs, dead letters, alerts, schedules and jobs. The server checks again. */
export function useMayOperate(): boolean {
  const { role } = useSession().user
  return role === 'operator' || role === 'owner'
}
