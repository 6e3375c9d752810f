import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { get, send } from '../../client.ts'
import { useToast } from '../../ui/toast.tsx'

/** What the sandbox's stand-ins hold: its `/control/*`, which the server passes on as `/api/sandbox/*`. */
export type World = {
  clock: { nowMs: number; offsetMs: number }
  phones: Phone[]
  slack: {
    team: unknown
    users: SlackUser[]
    usergroups: { id: string; handle: string; name: string; userIds: string[] }[]
    channels: { id: string; name: string; messages: SlackMessage[] }[]
    modals: { userId: string; viewId: string; view: unknown }[]
    ephemeral: { userId: string; channel: string; text: string; atMs: number }[]
  }
  circle: { spaces: unknown[]; posts: CirclePost[] }
  mailchimp: { contacts: MailchimpContact[] }
  luma: {
    events: LumaEvent[]
    mails: { id: string; email: string; status: string; atMs: number }[]
    charges: { id: string; email: string; amountCents: number; currency: string | null; atMs: number }[]
  }
  pagerduty: { incidents: Incident[] }
  mail: { caught: CaughtMail[] }
  faults: Fault[]
}

export type Phone = { number: string; optedOut: boolean; messages: PhoneMessage[] }
export type PhoneMessage = {
  direction: 'to_community' | 'from_community'
  body: string
  media: unknown
  atMs: number
  sid: string
  status: string
}
export type SlackUser = { id: string; name: string; realName: string }
export type SlackMessage = {
  ts: string
  userName: string
  text: string
  blocks: unknown
  edited: unknown
  replies: SlackMessage[]
  atMs: number
}
export type CirclePost = {
  id: string
  name: string
  status: string
  url: string
  text: string
  createdAtMs: number
}
export type MailchimpContact = {
  email: string
  status: string
  tags: string[]
  mails: { atMs: number }[]
}
export type Incident = {
  dedupKey: string
  status: 'triggered' | 'acknowledged' | 'resolved'
  summary: string
  severity: string
  events: { action: string; atMs: number }[]
}
export type CaughtMail = { messageId: string; to: string[]; subject: string; text: string; atMs: number }
export type LumaEvent = { id: string; name: string; startAtMs: number; counts: Record<string, number> }
/** Somebody who has an account with Clerk, and with Stripe when they have paid. */
export type SandboxPerson = {
  clerkUserId: string
  name: string
  email: string | null
  deleted: boolean
  plan: string | null
  status: string | null
  periodEndMs: number | null
  cancelAtPeriodEnd: boolean
}
/** The control API's routes under `/control/people/:id`. */
export type PersonAct = {
  id: string
  act:
    | 'pay'
    | 'payment-failure'
    | 'cancel'
    | 'resume'
    | 'reactivate'
    | 'end-period'
    | 'change-email'
    | 'delete'
  body?: { email: string }
}
export type Fault = { id: string; provider: string; operation: string; kind: string; times?: number | null }
export type FaultRequest = Omit<Fault, 'id'> & { status?: number; delayMs?: number }

/** Block id → action id → what was filled in. */
export type ModalValues = Record<string, Record<string, string>>
type ModalErrors = { response_action: 'errors'; errors: Record<string, string> }

/** Of each list, the latest so many: more than anybody looks at here. */
const SHOWN = 100

/** Everything a person can do in the sandbox. */
export const sandbox = {
  world: () => get<World>(`/api/sandbox/world?limit=${SHOWN}`),
  people: () => get<{ total: number; people: SandboxPerson[] }>('/api/sandbox/people'),
  signUp: (pay: boolean) => send<SandboxPerson>('POST', '/api/sandbox/people/signup', { pay }),
  actOn: ({ id, act, body }: PersonAct) =>
    send<SandboxPerson>('POST', `/api/sandbox/people/${encodeURIComponent(id)}/${act}`, body ?? {}),
  rush: (rush: { events: number; guestsPerEvent: number; paidShare: number; seed: number }) =>
    send('POST', '/api/sandbox/luma/rush', rush),
  text: (text: { from: string; body: string }) =>
    send<{ sid: string; webhookStatus: number; reply: string | null }>('POST', '/api/sandbox/texts', text),
  click: (click: { userId: string; channel: string; ts: string; actionId: string }) =>
    send<{ status: number }>('POST', '/api/sandbox/slack/clicks', click),
  submit: ({ viewId, ...filled }: { viewId: string; userId: string; values: ModalValues }) =>
    send<{ status: number; response: ModalErrors | null }>(
      'POST',
      `/api/sandbox/slack/views/${viewId}/submit`,
      filled,
    ),
  close: ({ viewId, userId }: { viewId: string; userId: string }) =>
    send('POST', `/api/sandbox/slack/views/${viewId}/close`, { userId }),
  advance: (advanceMs: number) => send('POST', '/api/sandbox/clock', { advanceMs }),
  addFault: (fault: FaultRequest) => send('POST', '/api/sandbox/faults', fault),
  removeFault: (id: string) => send('DELETE', `/api/sandbox/faults/${id}`, null),
}

/** The stand-ins announce nothing to the browser, so the world is read every second while the page is in front. */
export const worldQuery = queryOptions({
  queryKey: ['world'],
  queryFn: sandbox.world,
  refetchInterval: 1_000,
  staleTime: 0,
})

export const peopleQuery = queryOptions({
  queryKey: ['world', 'people'],
  queryFn: sandbox.people,
  refetchInterval: 2_000,
  staleTime: 0,
})

/**
 * Something to do in the sandbox, as a mutation after which the world is read again; a failure is shown as a notice.
 * @param act one of `sandbox`'s functions
 */
export function useSandbox<Input, Answer>(act: (input: Input) => Promise<Answer>) {
  const queryClient = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: act,
    onError: (error) => toast({ look: 'bad', title: 'The sandbox did not take that', detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: worldQuery.queryKey }),
  })
}
