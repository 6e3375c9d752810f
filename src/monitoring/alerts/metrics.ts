/** What conditions may be about: each metric with its unit, where its values come from, and what it can be narrowed by. */

export type MetricName =
  | 'failure_rate'
  | 'success_rate'
  | 'failure_count'
  | 'p95_duration'
  | 'queued_jobs'
  | 'oldest_queued_age'
  | 'dlq_count'
  | 'waiting_approvals'
  | 'provider_budget_used'
  | 'silence'

/** What a rule can be narrowed by, and is then judged for each by itself. */
export type SelectorName = 'job_name' | 'source' | 'provider'

/**
 * `ratio`: between 0 and 1. `percent`: 80 is four fifths, and it may exceed 100. `duration`: milliseconds inside.
 */
export type Unit = 'ratio' | 'percent' | 'count' | 'duration'

export type Metric = {
  unit: Unit
  /**
   * `runs`: over the runs that ended within the window. `samples`: true at a moment, so a comparison has to hold for
   * every sample of the window.
   */
  from: 'runs' | 'samples'
  /** Whether `min_samples` guards it: a share of three runs says little, three failures are three failures. */
  guarded: boolean
  by: SelectorName | null
}

export const METRICS: Record<MetricName, Metric> = {
  failure_rate: { unit: 'ratio', from: 'runs', guarded: true, by: 'job_name' },
  success_rate: { unit: 'ratio', from: 'runs', guarded: true, by: 'job_name' },
  failure_count: { unit: 'count', from: 'runs', guarded: false, by: 'job_name' },
  p95_duration: { unit: 'duration', from: 'runs', guarded: true, by: 'job_name' },
  queued_jobs: { unit: 'count', from: 'samples', guarded: false, by: 'job_name' },
  oldest_queued_age: { unit: 'duration', from: 'samples', guarded: false, by: 'job_name' },
  dlq_count: { unit: 'count', from: 'samples', guarded: false, by: 'job_name' },
  waiting_approvals: { unit: 'count', from: 'samples', guarded: false, by: null },
  provider_budget_used: { unit: 'percent', from: 'samples', guarded: false, by: 'provider' },
  silence: { unit: 'duration', from: 'samples', guarded: false, by: 'source' },
}

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[]
export const SELECTOR_NAMES = ['job_name', 'source', 'provider'] as const satisfies SelectorName[]
