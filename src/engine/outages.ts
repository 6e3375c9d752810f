import { isDatabaseUnavailable } from '../database/index.ts'
import type { Drain } from './drain.ts'

/** Does what must not fail for want of the database: tries again until it is back. */
export async function throughOutages<T>(
  { drain }: { drain: Pick<Drain, 'pause'> },
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error
      await drain.pause(500)
    }
  }
}
