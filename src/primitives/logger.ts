import { type Logger as PinoLogger, pino } from 'pino'
import { maskPersonalData } from './masking.ts'

/** One structured line per fact. Child loggers carry what they are about (`{ run, step }`). */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * A JSON logger on standard output. Every string in every line is masked: a phone number or an e-mail address in
 * a message, a field or an error never reaches the log in clear.
 */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: { streamWrite: maskPersonalData },
  })
}
