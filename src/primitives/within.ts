/**
 * What the work gives, or `late()` when it has given nothing for `limitMs` milliseconds. The work is not stopped; how it
 * ends then is nobody's news. @throws what the work throws in time
 */
export async function within<T>(work: Promise<T>, limitMs: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), limitMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}
