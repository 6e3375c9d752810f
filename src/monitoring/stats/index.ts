export { percentileMs } from './buckets.ts'
export {
  ALL,
  type GaugeName,
  type GaugeValue,
  type ProviderUse,
  readGauges,
  SAMPLE_EVERY_MS,
  sumOfGauge,
  writeSample,
} from './gauges.ts'
export { type RunNumbers, readRunNumbers, readRunSeries, type SeriesPoint, type Window } from './numbers.ts'
export { type Stats, startStats } from './stats.ts'
