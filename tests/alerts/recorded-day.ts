/** A day of synthetic load: what the tables hold after it, minute by minute and sample by sample. The same seed, the same day. */

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
export const DAY_START = Date.UTC(2026, 10, 23)
export const DAY_END = DAY_START + 24 * HOUR
export const JOBS = ['member-sync', 'job-post-review', 'luma-approval'] as const
type JobName = (typeof JOBS)[number]

export type RunRow = { minuteMs: number; job: string; succeeded: number; failed: number }
export type DurationRow = { minuteMs: number; job: string; bucket: number; count: number }
export type SampleRow = { atMs: number; gauge: string; of: string; value: number }
export type Day = { runs: RunRow[]; durations: DurationRow[]; samples: SampleRow[] }

/** https://en.wikipedia.org/wiki/Linear_congruential_generator, enough for a believable day. */
function randomOf(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Something that goes wrong between two times; the wave (milliseconds) makes it flap. */
type Incident = { from: number; to: number; waveMs?: number }

function isOn(incidents: readonly Incident[], atMs: number): boolean {
  return incidents.some(
    ({ from, to, waveMs }) =>
      atMs >= from && atMs < to && (waveMs === undefined || Math.floor((atMs - from) / waveMs) % 2 === 0),
  )
}

export function recordDay(seed: number): Day {
  const random = randomOf(seed)
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  /** So many incidents of such lengths (minutes), anywhere in the day. */
  const incidents = (count: number, shortest: number, longest: number, waveMs?: number): Incident[] =>
    Array.from({ length: count }, () => {
      const from = DAY_START + between(60, 1_300) * MINUTE + between(0, 59) * SECOND
      return { from, to: from + between(shortest, longest) * MINUTE, ...(waveMs ? { waveMs } : {}) }
    })
  const trouble = {
    failing: [...incidents(4, 2, 25), ...incidents(3, 20, 40, between(50, 100) * SECOND)],
    syncFailing: incidents(4, 3, 20),
    slow: incidents(3, 5, 30),
    backlog: [...incidents(4, 6, 45), ...incidents(3, 30, 60, between(40, 200) * SECOND)],
    deadLetters: [...incidents(3, 20, 120), ...incidents(1, 90, 180, 20 * MINUTE)],
    waiting: incidents(3, 10, 60),
    silent: incidents(2, 100, 200),
    // Nobody samples: short enough to be bridged, and longer.
    unsampled: [
      ...incidents(20, 0, 0).map(({ from }) => ({ from, to: from + 40 * SECOND })),
      ...incidents(5, 2, 12),
    ],
    quiet: incidents(4, 10, 40),
  }
  return {
    ...recordRuns(random, between, trouble),
    samples: recordSamples(between, trouble),
  }
}

type Trouble = Record<
  | 'failing'
  | 'syncFailing'
  | 'slow'
  | 'backlog'
  | 'deadLetters'
  | 'waiting'
  | 'silent'
  | 'unsampled'
  | 'quiet',
  Incident[]
>
type Between = (least: number, most: number) => number

function recordRuns(random: () => number, between: Between, trouble: Trouble) {
  const runs: RunRow[] = []
  const durations: DurationRow[] = []
  for (let minuteMs = DAY_START; minuteMs < DAY_END; minuteMs += MINUTE) {
    for (const job of JOBS) {
      // A minute without runs has no row.
      const total = isOn(trouble.quiet, minuteMs) ? between(0, 1) : between(0, 8)
      if (total === 0) continue
      const share = shareOfFailures(job, minuteMs, trouble)
      const failed = Array.from({ length: total }, random).filter((drawn) => drawn < share).length
      runs.push({ minuteMs, job, succeeded: total - failed, failed })
      const base = isOn(trouble.slow, minuteMs) ? between(200, 225) : between(90, 170)
      const first = between(0, total)
      for (const [bucket, count] of [
        [base, first],
        [base + 7, total - first],
      ] as const)
        if (count > 0) durations.push({ minuteMs, job, bucket, count })
    }
  }
  return { runs, durations }
}

function shareOfFailures(job: JobName, atMs: number, { failing, syncFailing }: Trouble): number {
  if (job === 'member-sync' && isOn(syncFailing, atMs)) return 0.6
  return isOn(failing, atMs) ? 0.35 : 0.03
}

function recordSamples(between: Between, trouble: Trouble): SampleRow[] {
  const rows: SampleRow[] = []
  let lastDelivery = DAY_START
  let budget = 60
  for (let tick = DAY_START; tick < DAY_END; tick += 15 * SECOND) {
    const atMs = tick + between(0, 900)
    if (isOn(trouble.unsampled, tick)) continue
    const put = (gauge: string, of: string, value: number) => rows.push({ atMs, gauge, of, value })
    const queued = isOn(trouble.backlog, tick)
      ? { sync: between(80, 200), review: between(25, 60) }
      : { sync: between(0, 70), review: between(0, 25) }
    put('queued_jobs', '', queued.sync + queued.review)
    // What is zero has no row.
    if (queued.sync > 0) put('queued_jobs', 'member-sync', queued.sync)
    if (queued.review > 0) put('queued_jobs', 'job-post-review', queued.review)
    put('oldest_queued_age_ms', '', queued.sync * between(500, 5_000))
    const letters = isOn(trouble.deadLetters, tick) ? between(21, 40) : between(0, 20)
    if (letters > 0) put('dlq_count', '', letters)
    put('waiting_approvals', '', isOn(trouble.waiting, tick) ? between(30, 60) : between(0, 29))
    budget = Math.min(120, budget + (between(0, 100) === 0 ? 1 : 0))
    put('provider_budget_used', 'circle', budget)
    put('provider_budget_used', 'luma', between(5, 50))
    if (!isOn(trouble.silent, tick) && between(0, 3) === 0) lastDelivery = tick
    put('last_delivery_at', '', lastDelivery)
    put('last_delivery_at', 'stripe', lastDelivery - between(0, 60) * SECOND)
  }
  return rows
}
