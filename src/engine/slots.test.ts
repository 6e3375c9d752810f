import { expect, test, vi } from 'vitest'
import { createSlots } from './index.ts'

/** Work that ends when told, and how many of it are under way. */
function controlled() {
  const ends: (() => void)[] = []
  let most = 0
  let now = 0
  let begun = 0
  const work = async () => {
    now += 1
    begun += 1
    most = Math.max(most, now)
    await new Promise<void>((resolve) => ends.push(resolve))
    now -= 1
  }
  const endAll = () => {
    for (const end of ends.splice(0)) end()
  }
  return { work, endAll, underWay: () => now, begun: () => begun, most: () => most }
}

test('four steps work at once, in turn', async () => {
  const slots = createSlots()
  const steps = controlled()
  const all = Promise.all(Array.from({ length: 10 }, () => slots.run(steps.work)))
  for (const expected of [4, 8, 10]) {
    await vi.waitFor(() => expect(steps.begun()).toBe(expected))
    steps.endAll()
  }
  await all
  expect(steps.most()).toBe(4)
})

test('while a request is answered, one step works; afterwards the others go on by themselves', async () => {
  const slots = createSlots()
  const request = controlled()
  const steps = controlled()
  const answered = slots.foreground(request.work)
  const all = Promise.all([slots.run(steps.work), slots.run(steps.work), slots.run(steps.work)])
  await vi.waitFor(() => expect(steps.underWay()).toBe(1))
  request.endAll()
  await answered
  await vi.waitFor(() => expect(steps.underWay()).toBe(3))
  steps.endAll()
  await all
})

test('work that throws gives its slot back', async () => {
  const slots = createSlots()
  const failing = Array.from({ length: 8 }, () => slots.run(async () => Promise.reject(new Error('no'))))
  const outcomes = await Promise.allSettled(failing)
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  expect(await slots.run(async () => 'still here')).toBe('still here')
})
