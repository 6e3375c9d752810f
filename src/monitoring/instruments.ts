import type { Counter, Histogram, Meter } from '@opentelemetry/api'

/** What is counted and measured as it happens. Labels are few and never personal. */
export type Instruments = {
  runs: Counter<{ job: string; outcome: RunOutcome }>
  runSeconds: Histogram<{ job: string }>
  deliveries: Counter<{ source: string }>
  refusals: Counter<{ source: string; reason: string }>
  providerCalls: Counter<{ provider: string; operation: string; outcome: CallOutcome }>
  providerCallSeconds: Histogram<{ provider: string; operation: string }>
}
export type RunOutcome = 'succeeded' | 'failed' | 'cancelled' | 'parked'
/** `failed`: the provider did not do its part; `limited`: it asked to wait; `refused`: it said no. */
export type CallOutcome = 'answered' | 'failed' | 'limited' | 'refused'

/** Runs take from milliseconds to the hours that a back-off lasts. */
const RUN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600]
const CALL_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30]

/** Makes them. Names are those of Prometheus (base units, `_total`), and the same everywhere else. */
export function createInstruments(meter: Meter): Instruments {
  const seconds = (description: string, explicitBucketBoundaries: number[]) => ({
    description,
    unit: 's',
    advice: { explicitBucketBoundaries },
  })
  return {
    runs: meter.createCounter('kinkeeper_runs_total', {
      description:
        'Executions of runs that ended in this process, by job and outcome; a parked one goes on later',
    }),
    runSeconds: meter.createHistogram(
      'kinkeeper_run_duration_seconds',
      seconds('How long executions took that succeeded or failed', RUN_SECONDS),
    ),
    deliveries: meter.createCounter('kinkeeper_webhook_deliveries_total', {
      description: 'Deliveries that were accepted, by source',
    }),
    refusals: meter.createCounter('kinkeeper_webhook_refusals_total', {
      description: 'Deliveries turned away, by source and reason',
    }),
    providerCalls: meter.createCounter('kinkeeper_provider_calls_total', {
      description: 'Requests sent to providers, by how they ended',
    }),
    providerCallSeconds: meter.createHistogram(
      'kinkeeper_provider_call_duration_seconds',
      seconds(
        'How long providers took to answer, without what a request waited here for their limits',
        CALL_SECONDS,
      ),
    ),
  }
}
