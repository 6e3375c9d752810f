export { type Clock, createClock, monotonicMs, systemNow } from './clock.ts'
export { DAY_MS, describeDuration, HOUR_MS, MINUTE_MS, parseDuration, SECOND_MS } from './durations.ts'
export {
  BadInputError,
  ConflictError,
  type ErrorFacts,
  KinkeeperError,
  LookFirstError,
  NeverRetryError,
  NotAllowedError,
  NotFoundError,
  ParkError,
  RetryAtError,
  RetryError,
  type SerializedError,
  serializeError,
} from './errors.ts'
export { newId, referenceCode } from './ids.ts'
export { isRecord, type Json, parseJson } from './json.ts'
export { createLogger, type Logger, type LogLevel } from './logger.ts'
export { isLoopbackUrl } from './loopback.ts'
export { maskJson, maskPersonalData, maskPhone } from './masking.ts'
export { formatMoney, sumMoney } from './money.ts'
export { armSeams, seam } from './seams.ts'
export { announceSending, listenToSending } from './sending.ts'
export { within } from './within.ts'
