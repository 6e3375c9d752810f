import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Change } from '../src/server/contract.ts'
import { followChanges, staleQueries } from './changes.ts'

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

/** The browser's end of the stream, which the tests speak through. */
class Stream extends EventTarget {
  static CLOSED = 2
  static newest: Stream
  readyState = 1
  constructor() {
    super()
    Stream.newest = this
  }
  close() {}
}

describe('while the first answer is on its way', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  const tell = (change: Change) =>
    Stream.newest.dispatchEvent(new MessageEvent('change', { data: JSON.stringify(change) }))

  it.each([
    ['something changes', () => tell({ topic: 'inbox', id: null })],
    ['the stream comes up', () => Stream.newest.dispatchEvent(new Event('open'))],
  ])('%s: it is fetched again, since that answer may be from before', async (_what, happens) => {
    vi.useFakeTimers()
    vi.stubGlobal('EventSource', Stream)
    const answers: PromiseWithResolvers<string>[] = []
    const queryClient = new QueryClient()
    const inbox = new QueryObserver(queryClient, {
      queryKey: ['inbox'],
      queryFn: () => {
        const answer = Promise.withResolvers<string>()
        answers.push(answer)
        return answer.promise
      },
    })
    const leave = inbox.subscribe(() => {})
    const stop = followChanges(queryClient, () => {})

    happens()
    await vi.advanceTimersByTimeAsync(1_000)
    answers[0]?.resolve('before')
    await vi.advanceTimersByTimeAsync(0)
    answers[1]?.resolve('after')
    await vi.advanceTimersByTimeAsync(0)
    expect(inbox.getCurrentResult().data).toBe('after')
    expect(answers).toHaveLength(2)
    stop()
    leave()
    queryClient.clear()
  })
})
