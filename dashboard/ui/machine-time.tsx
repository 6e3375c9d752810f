import { describeExact, describeMoment, useMachineNow } from '../time.ts'
import { RelativeTime } from './relative-time.tsx'
import { Tooltip } from './tooltip.tsx'

/**
 * A time that the machine's clock measured: as seen from now, or, once the sandbox's clock was moved, as it stands.
 * `inTable` as for RelativeTime.
 */
export function MachineTime({ at, inTable = false }: { at: string; inTable?: boolean }) {
  const { differs } = useMachineNow()
  if (!differs) return <RelativeTime at={at} inTable={inTable} />
  const atMs = Date.parse(at)
  const exact = `${describeExact(atMs)}, by the machine’s clock`
  const words = describeMoment(atMs)
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
