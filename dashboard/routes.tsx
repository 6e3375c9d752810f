import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import type { SubmissionStatus } from '../src/server/contract.ts'
import { App, PageFailed, PageMissing } from './app.tsx'
import { readAuditSearch } from './audit-queries.ts'
import type { AlertsFilter, MembersFilter } from './client.ts'
import { type LettersSearch, readLettersSearch, readRunsSearch } from './operations-queries.ts'
import { SEVERITY_WORDS } from './pages/alerts/alert-words.ts'
import { AlertsPage } from './pages/alerts.tsx'
import { AuditPage } from './pages/audit.tsx'
import { ConnectionsPage } from './pages/connections.tsx'
import { DeadLetterPage } from './pages/dead-letter.tsx'
import { DeadLettersPage } from './pages/dead-letters.tsx'
import { InboxPage } from './pages/inbox.tsx'
import { MemberPage } from './pages/member.tsx'
import { MembersPage } from './pages/members.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { PeoplePage } from './pages/people.tsx'
import { PostPage } from './pages/post.tsx'
import { PostsPage } from './pages/posts.tsx'
import { RunPage } from './pages/run.tsx'
import { RunsPage } from './pages/runs.tsx'
import { SchedulesPage } from './pages/schedules.tsx'
import { WelcomePage } from './pages/welcome.tsx'
import { MEMBERSHIP_WORDS, SLACK_WORDS, SUBMISSION_WORDS } from './words.ts'

/** Every page with its address. What a page shows besides its path is in its search parameters, checked here. */

type InboxSearch = { approval?: string }
export type PostsSearch = { status?: SubmissionStatus; q?: string; cursor?: string }
const SANDBOX_TABS = ['phone', 'slack', 'circle', 'people', 'mailchimp', 'luma', 'mail', 'controls'] as const
export type SandboxTab = (typeof SANDBOX_TABS)[number]
type SandboxSearch = { tab?: SandboxTab }
type AlertsSearch = AlertsFilter & { runbook?: string }
type LettersPageSearch = LettersSearch & { runbook?: string }
type LetterSearch = { runbook?: string }
type WelcomeSearch = { token?: string }

const rootRoute = createRootRoute({
  component: App,
  notFoundComponent: PageMissing,
  errorComponent: PageFailed,
})

const inboxRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: (search): InboxSearch => text('approval', search.approval),
  component: InboxPage,
})

const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/overview',
  component: OverviewPage,
})

const postsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/posts',
  validateSearch: (search): PostsSearch => ({
    ...(isKey(SUBMISSION_WORDS, search.status) && { status: search.status }),
    ...text('q', search.q),
    ...text('cursor', search.cursor),
  }),
  component: PostsPage,
})

const postRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/posts/$id',
  component: PostPage,
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs',
  validateSearch: readRunsSearch,
  component: RunsPage,
})

const deadLettersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dead-letters',
  validateSearch: (search): LettersPageSearch => ({
    ...readLettersSearch(search),
    ...text('runbook', search.runbook),
  }),
  component: DeadLettersPage,
})

const deadLetterRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dead-letters/$id',
  validateSearch: (search): LetterSearch => text('runbook', search.runbook),
  component: DeadLetterPage,
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/runs/$id',
  component: RunPage,
})

const membersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/members',
  validateSearch: (search): MembersFilter => ({
    ...(isKey(MEMBERSHIP_WORDS, search.membership) && { membership: search.membership }),
    ...(isKey(SLACK_WORDS, search.slack) && { slack: search.slack }),
    ...(String(search.problem) === '1' && { problem: '1' }),
    ...text('q', search.q),
    ...text('cursor', search.cursor),
  }),
  component: MembersPage,
})

const memberRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/members/$id',
  component: MemberPage,
})

const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/schedules',
  component: SchedulesPage,
})

const connectionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/connections',
  component: ConnectionsPage,
})

const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  validateSearch: (search): AlertsSearch => ({
    ...(isKey(SEVERITY_WORDS, search.severity) && { severity: search.severity }),
    ...text('rule', search.rule),
    ...text('cursor', search.cursor),
    ...text('alert', search.alert),
    ...text('runbook', search.runbook),
  }),
  component: AlertsPage,
})

const peopleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/people',
  component: PeoplePage,
})

const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/audit',
  validateSearch: readAuditSearch,
  component: AuditPage,
})

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/welcome',
  validateSearch: (search): WelcomeSearch => text('token', search.token),
  component: WelcomePage,
})

const sandboxRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sandbox',
  validateSearch: (search): SandboxSearch => {
    const tab = SANDBOX_TABS.find((known) => known === search.tab)
    return tab === undefined ? {} : { tab }
  },
  component: lazyRouteComponent(() => import('./pages/sandbox.tsx'), 'SandboxPage'),
})

const galleryRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/gallery',
  component: lazyRouteComponent(() => import('./pages/gallery.tsx'), 'GalleryPage'),
})

const routeTree = rootRoute.addChildren([
  inboxRoute,
  overviewRoute,
  postsRoute,
  postRoute,
  runsRoute,
  runRoute,
  deadLettersRoute,
  deadLetterRoute,
  membersRoute,
  memberRoute,
  schedulesRoute,
  connectionsRoute,
  alertsRoute,
  peopleRoute,
  auditRoute,
  welcomeRoute,
  sandboxRoute,
  galleryRoute,
])

/** The router; pages are fetched when a link to them is hovered or focused. */
export function createDashboardRouter() {
  return createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createDashboardRouter>
  }
}

/** A search parameter as non-empty text; the router reads `?q=123` as a number. */
function text<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string>> {
  const isText = (typeof value === 'string' && value !== '') || typeof value === 'number'
  return (isText ? { [name]: String(value) } : {}) as Partial<Record<Name, string>>
}

function isKey<Name extends string>(words: Record<Name, unknown>, value: unknown): value is Name {
  return typeof value === 'string' && Object.hasOwn(words, value)
}
