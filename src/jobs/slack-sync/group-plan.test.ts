import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type GroupChange, planGroup } from './group-plan.ts'

const GUARD = { members: 5, percent: 10 }
const nobody = { held: new Set<string>(), released: new Set<string>() }
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `U${from + index}`)

test('an empty group is filled, however many they are', () => {
  const plan = planGroup({ desired: ids(0, 100), current: [] }, nobody, GUARD)
  expect(plan).toMatchObject({ ask: [], target: ids(0, 100).sort() })
})

test('too many changes are asked about, and none is made', () => {
  const plan = planGroup({ desired: [], current: ids(0, 6) }, nobody, GUARD)
  expect(plan.changes).toEqual([])
  expect(plan.ask).toHaveLength(6)
  expect(plan.target).toEqual(ids(0, 6))
})

test('while many wait for an answer, a single change goes on; released ones are made', () => {
  const groups = { desired: ['U9'], current: ids(0, 6) }
  const changes = ids(0, 6).map((id) => `-${id}`)
  const waiting = planGroup(groups, { held: new Set(changes), released: new Set() }, GUARD)
  expect(waiting).toMatchObject({ changes: ['+U9'], ask: [], target: [...ids(0, 6), 'U9'] })
  const approved = planGroup(groups, { held: new Set(), released: new Set(changes) }, GUARD)
  expect(approved).toMatchObject({ ask: [], target: ['U9'] })
})

test('whatever is planned, the target is what the made changes make of the group', () => {
  const group = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map((n) => `U${n}`))
  const change = fc
    .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 30 }))
    .map(([sign, n]) => `${sign}U${n}`)
  const answers = fc.record({ held: fc.array(change), released: fc.array(change) })
  fc.assert(
    fc.property(group, group, answers, (desired, current, { held, released }) => {
      const plan = planGroup(
        { desired, current },
        { held: new Set(held), released: new Set(released) },
        GUARD,
      )
      const has = (each: GroupChange) => plan.target.includes(each.slice(1))
      for (const each of plan.changes) expect(has(each)).toBe(each.startsWith('+'))
      for (const each of plan.ask) expect(has(each)).toBe(each.startsWith('-'))
      const moved = new Set([...plan.changes, ...plan.ask].map((each) => each.slice(1)))
      for (const id of current) if (!moved.has(id)) expect(plan.target).toContain(id)
      for (const id of plan.target) expect([...desired, ...current]).toContain(id)
    }),
  )
})
