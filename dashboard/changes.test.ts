import { expect, it } from 'vitest'
import type { Change } from '../src/server/contract.ts'
import { staleQueries } from './changes.ts'

const CASES: [Change, unknown][] = [
  [{ topic: 'inbox', id: null }, [['inbox']]],
  [{ topic: 'submission', id: 's1' }, [['post', 's1'], ['posts'], ['inbox']]],
  [{ topic: 'submission', id: null }, [['post'], ['posts'], ['inbox']]],
  [{ topic: 'run', id: 'r1' }, [['run', 'r1'], ['runs'], ['post'], ['inbox'], ['schedules']]],
  [{ topic: 'effect', id: 'e1' }, [['inbox'], ['post'], ['run'], ['member']]],
  [{ topic: 'member', id: 'm1' }, [['member', 'm1'], ['members']]],
  [{ topic: 'schedule', id: 'cleanup' }, [['schedules']]],
  [{ topic: 'dead-letter', id: 'dl1' }, [['dead-letters'], ['dead-letter', 'dl1'], ['inbox'], ['run']]],
  [{ topic: 'job', id: 'cleanup' }, [['jobs'], ['runs'], ['run']]],
  [{ topic: 'provider', id: 'luma' }, [['connections'], ['run']]],
]

it.each(CASES)('fetches again what %o made stale', (change, keys) => {
  expect(staleQueries(change)).toEqual(keys)
})

it('fetches everything again when the clock was moved, since every relative time is another', () => {
  expect(staleQueries({ topic: 'clock', id: null })).toEqual([[]])
})
