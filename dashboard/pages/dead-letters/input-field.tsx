import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { operationsQueries } from '../../operations-queries.ts'
import { Problem } from '../../ui/empty-state.tsx'
import { Textarea } from '../../ui/field.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'

/**
 * The input of a letter's run, to be edited. It is asked for only once it is wanted: whole, it may hold personal data,
 * and the server keeps who looked.
 */
export function InputField(props: {
  letterId: string
  /** Null until it has come. */
  value: string | null
  error: string | null
  onChange: (value: string) => void
}) {
  const { letterId, value, error, onChange } = props
  const kept = useQuery(operationsQueries.letterInput(letterId))
  const original = kept.data?.input
  useEffect(() => {
    if (value === null && original !== undefined) onChange(original)
  }, [value, original, onChange])
  if (kept.error) return <Problem error={kept.error} onRetry={() => void kept.refetch()} />
  if (value === null) return <Skeleton rows={1} height={200} />
  return (
    <Textarea
      label="Input"
      name="input"
      rows={10}
      code
      value={value}
      onChange={onChange}
      error={error}
      hint="As JSON, in clear: the audit says that you have seen it. It is checked before anything runs."
    />
  )
}
