import { z } from 'zod'
import { type Clock, type Logger, parseJson, SECOND_MS, serializeError } from '../primitives/index.ts'

const moveSchema = z.object({ offsetMs: z.number().nonnegative() })

/**
 * Sets the clock to the sandbox's before anything runs: a run that is taken up again at the start must not see a time
 * from before a move.
 * @throws Error when the sandbox does not answer
 */
export async function readSandboxClock(controlUrl: string, clock: Clock): Promise<void> {
  const response = await fetch(`${controlUrl}/clock`, { signal: AbortSignal.timeout(10 * SECOND_MS) }).catch(
    (error: unknown) => {
      throw new Error(
        `The sandbox does not answer at ${controlUrl}: start it, or set KINKEEPER_SANDBOX to on or off.`,
        { cause: error },
      )
    },
  )
  clock.advanceTo(moveSchema.parse(await response.json()).offsetMs)
}

/**
 * Follows the sandbox's clock: when its world moves seven days ahead, so does the community's time here, and timers
 * that it has passed come due. Nothing moves a clock when every provider is live.
 * @returns stops following
 */
export function followSandboxClock(options: {
  controlUrl: string
  clock: Clock
  logger: Logger
  wakeDue: () => Promise<void>
  onMoved: () => Promise<void>
}): () => void {
  const abort = new AbortController()
  const { clock, logger } = options
  const moved = async (offsetMs: number) => {
    if (clock.advanceTo(offsetMs)) {
      logger.info({ event: 'clock.moved', offsetMs }, 'The sandbox moved the clock')
      await options.onMoved()
    }
  }
  void follow(options.controlUrl, abort.signal, (offsetMs) => void moved(offsetMs).catch(report))
  const report = (error: unknown) =>
    logger.warn(
      { event: 'clock.wake_failed', error: serializeError(error) },
      'Timers could not be woken; trying again',
    )
  // Timers were set by the machine's time. Once the two differ, what comes due by the community's has to be woken.
  const timer = setInterval(() => {
    if (clock.offsetMs() > 0) void options.wakeDue().catch(report)
  }, SECOND_MS / 2)
  return () => {
    abort.abort()
    clearInterval(timer)
  }
}

/** Reads the server-sent events of the control API, reconnecting for as long as nobody aborts. */
async function follow(
  controlUrl: string,
  signal: AbortSignal,
  onOffset: (offsetMs: number) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await fetch(`${controlUrl}/changes`, { signal })
      let buffer = ''
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        buffer += chunk
        const events = buffer.split('\n\n')
        buffer = events.pop() ?? ''
        for (const event of events) {
          const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? ''
          const move = /^event: ?clock$/m.test(event) ? moveSchema.safeParse(parseJson(data)) : null
          if (move?.success) onOffset(move.data.offsetMs)
        }
      }
    } catch {
      // The sandbox is restarting or gone; its absence is reported where it was started.
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SECOND_MS).unref())
  }
}
