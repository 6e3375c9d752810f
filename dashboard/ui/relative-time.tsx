import { describeExact, describeRelative, useNow } from '../time.ts'
import { Tooltip } from './tooltip.tsx'

/**
 * A time as seen from now; the exact one, in the reader's zone, on hover and focus. In a table, where fifty more tab
 * stops would be in the way, pass `inTable`: there it shows on hover.
 */
export function RelativeTime({ at, inTable = false }: { at: string; inTable?: boolean }) {
  const now = useNow()
  const atMs = Date.parse(at)
  const exact = describeExact(atMs)
  const words = describeRelative(atMs, now)
  if (inTable) {
    return (
      <time dateTime={at} title={exact}>
        {words}
      </time>
    )
  }
  return (
    <Tooltip text={exact} label={`${words} (${exact})`}>
      <time dateTime={at}>{words}</time>
    </Tooltip>
  )
}
