/** The job of `docs/guides/adding-a-job.md` does what the guide says, and the guide shows that very job. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Job } from '../../src/engine/index.ts'
import { type JobStage, startJobStage } from '../support/job-stage.ts'
import { defineAnniversaries } from './anniversaries.ts'

const TODAY = '2026-11-23T08:00:00.000Z'
let stage: JobStage
let anniversaries: Job<{ slot: string }>

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    anniversaries = defineAnniversaries(parts)
    return { jobs: [anniversaries], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())
beforeEach(() => stage.reset())

const told = async () => {
  const { channels } = (await stage.world().read()).slack
  return channels.find(({ name }) => name === 'alerts')?.messages.map(({ text }) => text) ?? []
}

test('who became a member on this day is told once, also when Slack’s answer is lost', async () => {
  await stage.addMember({ firstName: 'Ada', memberSince: new Date('2024-11-23T18:00:00Z') })
  await stage.addMember({ firstName: 'Bob', memberSince: new Date('2024-11-24T18:00:00Z') })
  await stage.addMember({ firstName: 'Cy', memberSince: new Date('2026-11-23T01:00:00Z') })
  await stage.world().control('POST', '/faults', {
    provider: 'slack',
    operation: 'chat.postMessage',
    kind: 'drop-after',
    times: 1,
  })
  const run = await stage.run(anniversaries, { slot: TODAY })
  expect(run.output).toEqual({ told: 1 })
  expect(await told()).toEqual(['Members on this day: Ada'])
})

test('on a day of nobody’s nothing is said', async () => {
  const run = await stage.run(anniversaries, { slot: '2026-11-24T08:00:00.000Z' })
  expect(run.output).toEqual({ told: 0 })
  expect(await told()).toEqual([])
})

test('the guide shows this job, as it would stand in src/jobs', () => {
  const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')
  const inItsRoom = read('anniversaries.ts')
    .replaceAll(`'../../src/jobs/`, `'../`)
    .replaceAll(`'../../src/`, `'../../`)
  expect(read('../../docs/guides/adding-a-job.md')).toContain(inItsRoom.trim())
})
