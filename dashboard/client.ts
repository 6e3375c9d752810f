import type { AlertSeverity, AlertsPage, RunbookAnswer } from '../src/server/alerts-contract.ts'
import type {
  ApiError,
  DecisionAnswer,
  DecisionRequest,
  EffectResolution,
  InboxPage,
  Role,
  RunDetail,
  SessionInfo,
  SubmissionDetail,
  SubmissionPage,
  SubmissionStatus,
} from '../src/server/contract.ts'
import type { MemberImportAnswer } from '../src/server/member-import-contract.ts'
import type {
  ConnectionView,
  MemberActionAnswer,
  MemberDetail,
  MemberPage,
  MemberSummary,
  MembershipState,
  ScheduleView,
} from '../src/server/membership-contract.ts'
import type { OverviewView } from '../src/server/overview-contract.ts'

/**
 * Everything the dashboard asks the server for, one typed function per endpoint of `src/server/contract.ts`.
 * A function resolves to the answer's body and rejects with an ApiFailure, whose message says what to do next.
 */
export const client = {
  session: () => get<SessionInfo>('/api/session'),
  signIn: (email: string, password: string) => send('POST', '/api/auth/sign-in/email', { email, password }),
  signOut: () => send('POST', '/api/auth/sign-out', {}),
  signInToSandbox: (role: Role) => send('POST', '/api/sandbox/sign-in', { role }),
  welcome: (person: { token: string; name: string; email: string; password: string }) =>
    send('POST', '/api/welcome', person),

  inbox: (cursor: string | null) => get<InboxPage>(`/api/inbox${query({ cursor })}`),
  decide: (approvalId: string, decision: DecisionRequest) =>
    send<DecisionAnswer>('POST', `/api/approvals/${encodeURIComponent(approvalId)}/decision`, decision),
  posts: (filter: PostsFilter) => get<SubmissionPage>(`/api/submissions${query(filter)}`),
  post: (id: string) => get<SubmissionDetail>(`/api/submissions/${encodeURIComponent(id)}`),
  retryPublication: (submissionId: string) =>
    send('POST', `/api/submissions/${encodeURIComponent(submissionId)}/publication/retry`, {}),
  run: (id: string) => get<RunDetail>(`/api/runs/${encodeURIComponent(id)}`),
  retryRun: (id: string) => send<{ runId: string }>('POST', `/api/runs/${encodeURIComponent(id)}/retry`, {}),
  resolveEffect: (id: string, resolution: EffectResolution) =>
    send('POST', `/api/effects/${encodeURIComponent(id)}/resolution`, resolution),

  members: (filter: MembersFilter) => get<MemberPage>(`/api/members${query(filter)}`),
  member: (id: string) => get<MemberDetail>(memberPath(id)),
  actOnMember: (id: string, { act, ...body }: MemberAct) =>
    send<MemberActionAnswer>('POST', `${memberPath(id)}/${act}`, body),
  importMembers: () => send<MemberImportAnswer>('POST', '/api/members/import', {}),
  schedules: () => get<{ schedules: ScheduleView[] }>('/api/schedules'),
  runSchedule: (name: string) =>
    send<{ runId: string }>('POST', `/api/schedules/${encodeURIComponent(name)}/run`, {}),
  overview: () => get<OverviewView>('/api/overview'),
  connections: () => get<{ connections: ConnectionView[] }>('/api/connections'),

  alerts: (filter: AlertsFilter) => get<AlertsPage>(`/api/alerts${query(filter)}`),
  acknowledgeAlert: (id: string) => send('POST', `/api/alerts/${encodeURIComponent(id)}/acknowledge`, {}),
  muteAlertRule: (name: string, until: string | null) => send('POST', `${rulePath(name)}/mute`, { until }),
  testAlertRule: (name: string) => send<{ testId: string }>('POST', `${rulePath(name)}/test`, {}),
  runbook: (rule: string) => get<RunbookAnswer>(`${rulePath(rule)}/runbook`),
  runbookPage: (name: string) => get<RunbookAnswer>(`/api/runbooks/${encodeURIComponent(name)}`),

  people: () => get<PeopleList>('/api/people'),
  invite: (email: string, role: Role) =>
    send<{ link: string }>('POST', '/api/people/invitations', { email, role }),
  revokeInvitation: (id: string) => send('DELETE', `/api/people/invitations/${encodeURIComponent(id)}`, {}),
  changeRole: (id: string, role: Role) => send('PATCH', `/api/people/${encodeURIComponent(id)}`, { role }),
}

export type PostsFilter = { status?: SubmissionStatus; q?: string; cursor?: string }

/** `alert` and `runbook` are what the page shows of it; the server is asked for the rest. */
export type AlertsFilter = { rule?: string; severity?: AlertSeverity; cursor?: string; alert?: string }

export type MembersFilter = {
  membership?: MembershipState | 'deleted'
  slack?: MemberSummary['slack']
  problem?: '1'
  q?: string
  cursor?: string
}

/** What can be done about a member by hand. */
export type MemberAct =
  | { act: 'sync' }
  | { act: 'deactivate'; reason: string }
  | { act: 'undo'; deactivationId: string }
  | { act: 'erase'; confirm: string }

/** GET /api/people (owners only). */
export type PeopleList = {
  people: { id: string; name: string; email: string; role: Role }[]
  invitations: { id: string; email: string; role: Role; link: string; expiresAt: string }[]
}

/** A request that did not succeed. `status` is 0 when the server could not be reached. */
export class ApiFailure extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'ApiFailure'
    this.status = status
    this.code = code
  }
}

/** GETs a path of our own server and gives its JSON; throws ApiFailure. */
export function get<T>(path: string): Promise<T> {
  return request<T>('GET', path, null)
}

/** Sends JSON to a path of our own server and gives the JSON it answers; throws ApiFailure. */
export function send<T = unknown>(
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body: unknown,
): Promise<T> {
  return request<T>(method, path, body)
}

function rulePath(name: string): string {
  return `/api/alerts/rules/${encodeURIComponent(name)}`
}

function memberPath(id: string): string {
  return `/api/members/${encodeURIComponent(id)}`
}

async function request<T>(method: string, path: string, body: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: body === null ? {} : { 'content-type': 'application/json' },
      body: body === null ? null : JSON.stringify(body),
    })
  } catch {
    throw new ApiFailure(
      0,
      'unreachable',
      'The server cannot be reached. Check that it runs, then try again.',
    )
  }
  const text = await response.text()
  const answer: unknown = readJson(text)
  if (response.ok) return answer as T
  throw failureFrom(response.status, answer)
}

function readJson(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Our own errors are `{error: {code, message}}`; better-auth's are `{code, message}`. */
function failureFrom(status: number, answer: unknown): ApiFailure {
  const body = answer as Partial<ApiError & { code: string; message: string }> | null
  const code = body?.error?.code ?? body?.code ?? `http_${status}`
  const message = body?.error?.message ?? body?.message ?? fallbackMessage(status)
  return new ApiFailure(status, code, message)
}

function fallbackMessage(status: number): string {
  if (status === 401) return 'You are signed out. Sign in again.'
  if (status === 403) return 'Your role does not allow this. Ask an owner to change it.'
  if (status === 404) return 'This does not exist any more. Go back and reload the list.'
  return `The server answered ${status}. Try again in a minute; its log says more.`
}

function query(parameters: Record<string, string | null | undefined>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value) search.set(name, value)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}
