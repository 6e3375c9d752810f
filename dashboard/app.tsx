import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type ErrorComponentProps, Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useChanges } from './changes.ts'
import { useKeys } from './keyboard.ts'
import { DecisionDialogs } from './pages/inbox/decision-dialogs.tsx'
import { EffectDialogs } from './pages/inbox/effect-actions.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { queries } from './queries.ts'
import { SessionContext, type SignedIn } from './session.ts'
import { followServerTime } from './time.ts'
import { EmptyState, Problem } from './ui/empty-state.tsx'
import { KeyHelp } from './ui/key-help.tsx'
import { PageHead, Shell } from './ui/shell.tsx'
import { ToastProvider } from './ui/toast.tsx'

/**
 * The root of every page. Without a session the sign-in form stands where the page would, under the same address,
 * so that a link from Slack lands on its row after signing in.
 */
export function App() {
  const session = useQuery(queries.session)
  const isWelcome = useRouterState({ select: ({ location }) => location.pathname === '/welcome' })
  const serverNow = session.data?.now
  useEffect(() => {
    if (serverNow) followServerTime(serverNow)
  }, [serverNow])

  if (isWelcome) return <Outlet />
  if (session.data) {
    const { user } = session.data
    if (user === null) return <SignInPage session={session.data} />
    return (
      <ToastProvider>
        <SignedInApp session={{ ...session.data, user }} />
      </ToastProvider>
    )
  }
  if (session.error) return <Problem error={session.error} onRetry={() => void session.refetch()} />
  return null
}

/** Shown for an address that leads nowhere. */
export function PageMissing() {
  return (
    <>
      <PageHead title="Not found" />
      <EmptyState icon="question" title="There is no such page" action={<Link to="/">Go to the inbox</Link>}>
        The link may be mistyped, or what it showed has been cleaned up.
      </EmptyState>
    </>
  )
}

/** Shown when a page broke while being drawn, which is a bug of ours. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  return <Problem error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
}

function SignedInApp({ session }: { session: SignedIn }) {
  const connection = useChanges()
  const inbox = useInfiniteQuery(queries.inbox)
  const alerts = useQuery(queries.alerts({}))
  const [help, setHelp] = useState(false)
  const navigate = useNavigate()

  const search = useCallback(() => {
    const field = document.getElementById('search')
    if (field) field.focus()
    else void navigate({ to: '/posts', hash: 'search' })
  }, [navigate])
  const showHelp = useCallback(() => setHelp(true), [])
  useKeys({ search, help: showHelp })
  useFocusOnNewPage()

  const openCount = inbox.data?.pages[0]?.openCount ?? 0
  return (
    <SessionContext value={session}>
      <Shell
        session={session}
        user={session.user}
        openCount={openCount}
        openAlerts={alerts.data?.open.length ?? 0}
        connection={connection}
        onKeyHelp={showHelp}
      >
        <DecisionDialogs>
          <EffectDialogs>
            <Outlet />
          </EffectDialogs>
        </DecisionDialogs>
      </Shell>
      <KeyHelp open={help} onClose={() => setHelp(false)} />
    </SessionContext>
  )
}

/** After following a link the focus goes to the new page, so that a screen reader and Tab start there. */
function useFocusOnNewPage() {
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname })
  const firstPath = useRef(path)
  useEffect(() => {
    if (path === firstPath.current || location.hash !== '') return
    firstPath.current = undefined
    document.getElementById('content')?.focus({ preventScroll: true })
  }, [path])
}
