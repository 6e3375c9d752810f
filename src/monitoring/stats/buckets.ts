/**
 * How long runs took is kept in buckets that grow by 5 %: bucket n holds what took up to 1.05^n milliseconds. Any
 * percentile read from them is therefore at most 5 % above the true one, and buckets of minutes and jobs can be added.
 */
export const BUCKET_GROWTH = 1.05

/** The longest that a run in this bucket took, milliseconds. */
function bucketLimitMs(bucket: number): number {
  return BUCKET_GROWTH ** bucket
}

/**
 * The duration (milliseconds) that this share of the runs did not exceed, by the nearest rank; null without runs.
 * @param counts how many runs each bucket holds @param share in (0, 1]: 0.95 for p95
 */
export function percentileMs(counts: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = Math.ceil(total * share)
  let seen = 0
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    seen += count
    if (seen >= rank) return Math.round(bucketLimitMs(bucket))
  }
  return null
}
