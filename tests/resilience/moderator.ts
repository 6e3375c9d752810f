import { expect } from 'vitest'
import type { AttentionItem, InboxPage } from '../../src/server/contract.ts'
import { EXPECTED } from '../crash/expected.ts'
import type { Outcome, Told } from '../support/stories.ts'
import { approvalOf, type Dashboard, type Stage } from './stage.ts'

/** What the inbox says needs a person besides decisions. */
export async function attention(dashboard: Dashboard): Promise<AttentionItem[]> {
  return (await dashboard.get<InboxPage>('/inbox')).attention
}

/** Approves it in the dashboard, as the first. */
export async function approveByDashboard(stage: Stage, dashboard: Dashboard, told: Told): Promise<void> {
  const { id } = await approvalOf(stage, told)
  const { body } = await dashboard.post(`/approvals/${id}/decision`, { decision: 'approve' })
  expect(body).toMatchObject({ won: true })
}

/** The end of a post that was approved in the dashboard. */
export const EXPECTED_BY_DASHBOARD: Outcome = {
  ...EXPECTED.approve,
  slackState:
    ':white_check_mark: Approved by Oscar Operator in the dashboard TIME · <URL|Published on Circle>',
}
