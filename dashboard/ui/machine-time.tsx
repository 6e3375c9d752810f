import { describeExact, describeMoment, useMachineNow } from '../time.ts'
import { RelativeTime } from './relative-time.tsx'
import { Tooltip } from './tooltip.tsx'

/** A time that the machine's clock measured: as seen from now, or, once the sandbox's clock was moved, as it stands. */
export function MachineTime({ at }: { at: string }) {
  const { differs } = useMachineNow()
  if (!differs) return <RelativeTime at={at} />
  const atMs = Date.parse(at)
  const exact = `${describeExact(atMs)}, by the machine’s clock`
  const words = describeMoment(atMs)
  return (
    <Tooltip text={exact} label={`${words} (${exact})`}>
      <time dateTime={at}>{words}</time>
    </Tooltip>
  )
}
