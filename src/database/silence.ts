import pg from 'pg'

/**
 * A connection can die without a word (a firewall forgets it, a machine vanishes); then only a statement that gets no
 * answer in time tells. The driver reports that statement as failed and goes on using the connection, where each
 * following one waits as long for nothing. So such a connection is closed, everybody who waits on it hears of it at
 * once, and the pool opens another. They hear it in the words of a broken connection: DBOS waits and tries again after
 * those, and takes others (the driver's own, for a statement out of time) for the run's failure.
 * @param client one that has just been opened
 */
export function closeWhenSilent(client: pg.ClientBase): void {
  const ask = client.query
  let silent = false
  const inWords = (error: unknown): unknown => {
    if (!silent && isSilence(error)) {
      silent = true
      if (client instanceof pg.Client) void client.end().catch(() => {})
    }
    return silent && error
      ? new Error('Connection terminated unexpectedly: no answer in time', { cause: error })
      : error
  }
  Object.defineProperty(client, 'query', {
    value: (...args: unknown[]) => {
      const tell = args.at(-1)
      if (typeof tell === 'function')
        args.splice(-1, 1, (error: unknown, result: unknown) => tell(inWords(error), result))
      const answer: unknown = Reflect.apply(ask, client, args)
      return answer instanceof Promise
        ? answer.catch((error: unknown) => {
            throw inWords(error)
          })
        : answer
    },
  })
}

/** https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/client.js: what `query_timeout` says. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}
