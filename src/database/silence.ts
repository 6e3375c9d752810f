import pg from 'pg'

/**
 * A connection can die without a word (a firewall forgets it, a machine vanishes); then only a statement that gets no
 * answer in time tells. The driver reports that statement as failed and goes on using the connection, where each
 * following one waits as long for nothing. So such a connection is closed: everybody who waits on it hears of it at
 * once, and the pool opens another.
 * @param client one that has just been opened
 */
export function closeWhenSilent(client: pg.ClientBase): void {
  const ask = client.query
  Object.defineProperty(client, 'query', {
    value: (...args: unknown[]) => {
      const answer: unknown = Reflect.apply(ask, client, args)
      if (answer instanceof Promise)
        answer.catch((error: unknown) => {
          if (isSilence(error) && client instanceof pg.Client) void client.end().catch(() => {})
        })
      return answer
    },
  })
}

/** https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/client.js: what `query_timeout` says. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}
