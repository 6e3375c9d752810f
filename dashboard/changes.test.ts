import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
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
  static all: Stream[] = []
  readyState = 1
  constructor() {
    super()
    Stream.all.push(this)
  }
  close() {
    this.readyState = Stream.CLOSED
  }
}

describe('what is on screen', () => {
  let page: EventTarget & { hidden: boolean }
  let answers: PromiseWithResolvers<string>[]
  let shown: () => string | undefined
  let leave: () => void

  const newest = () => Stream.all.at(-1)
  const open = () => newest()?.dispatchEvent(new Event('open'))
  const tell = (topic: Change['topic'] = 'inbox') =>
    newest()?.dispatchEvent(
      new MessageEvent('change', { data: JSON.stringify({ topic, id: null } satisfies Change) }),
    )
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
  const answer = async (index: number, text: string) => {
    answers[index]?.resolve(text)
    await pass(0)
  }

  beforeEach(() => {
    vi.useFakeTimers()
    page = Object.assign(new EventTarget(), { hidden: false })
    vi.stubGlobal('document', page)
    vi.stubGlobal('EventSource', Stream)
    Stream.all = []
    answers = []
    const queryClient = new QueryClient()
    const inbox = new QueryObserver(queryClient, {
      queryKey: ['inbox'],
      queryFn: () => {
        const answer = Promise.withResolvers<string>()
        answers.push(answer)
        return answer.promise
      },
    })
    const unsubscribe = inbox.subscribe(() => {})
    const stop = followChanges(queryClient, () => {})
    shown = () => inbox.getCurrentResult().data
    leave = () => {
      stop()
      unsubscribe()
      queryClient.clear()
    }
  })
  afterEach(() => {
    leave()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it.each([
    ['something changes', () => tell()],
    ['the stream comes up', open],
  ])(
    'is fetched again when %s while its first answer is on its way, which may be from before',
    async (_what, happens) => {
      happens()
      await pass(1_000)
      await answer(0, 'before')
      await answer(1, 'after')
      expect(shown()).toBe('after')
      expect(answers).toHaveLength(2)
    },
  )

  it('is fetched once at a time and to the end, however fast one change follows the other', async () => {
    await answer(0, 'before')
    for (let changes = 0; changes < 20; changes++) {
      tell()
      await pass(250)
    }
    expect(answers).toHaveLength(2)
    await answer(1, 'in the middle')
    expect(shown()).toBe('in the middle')
    await answer(2, 'after')
    expect(shown()).toBe('after')
    expect(answers).toHaveLength(3)
  })

  it('is fetched once for changes at once of which each makes it stale', async () => {
    await answer(0, 'before')
    tell('inbox')
    tell('clock')
    await pass(1_000)
    await answer(1, 'after')
    expect(shown()).toBe('after')
    expect(answers).toHaveLength(2)
  })

  it('is not followed while the page is hidden, and all of it is fetched when it is seen again', async () => {
    open()
    await answer(0, 'before')
    await answer(1, 'before')
    page.hidden = true
    page.dispatchEvent(new Event('visibilitychange'))
    expect(newest()?.readyState).toBe(Stream.CLOSED)
    await pass(60_000)
    expect(Stream.all).toHaveLength(1)
    page.hidden = false
    page.dispatchEvent(new Event('visibilitychange'))
    expect(Stream.all).toHaveLength(2)
    open()
    await answer(2, 'after')
    expect(shown()).toBe('after')
  })
})
