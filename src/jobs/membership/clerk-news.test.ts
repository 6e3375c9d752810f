import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { readMember } from '../../community/index.ts'
import { takeClerkEvent } from './clerk-news.ts'
import { createMembership, type Membership } from './index.ts'

let stage: JobStage
let membership: Membership

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    membership = createMembership(parts)
    return { jobs: membership.jobs, approvalKinds: membership.approvalKinds }
  })
})
afterAll(() => stage.stop())

const take = (type: string, id: string) =>
  takeClerkEvent(stage.parts, membership.settle, {
    id: `msg_${type}`,
    event: { type, data: { id } },
    runId: 'r',
  })

test('whom Clerk’s API does not know is not buried by news of a change, but by the news of the deletion', async () => {
  const { id } = await stage.addMember({ email: 'ada@example.org', emailVerified: true, clerkId: 'user_ada' })
  // As with a key of another instance.
  await expect(take('user.updated', 'user_ada')).rejects.toThrow('CLERK_SECRET_KEY')
  expect(await readMember(stage.database, id)).toMatchObject({ deletedAt: null, profileHidden: false })
  await take('user.deleted', 'user_ada')
  expect((await readMember(stage.database, id)).deletedAt).not.toBeNull()
  expect(await take('user.updated', 'user_ada')).toContain('neither do we')
  expect(await take('user.created', 'user_nobody')).toContain('neither do we')
})
