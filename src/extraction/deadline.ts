import * as chrono from 'chrono-node'
import type { CountryCode } from 'libphonenumber-js'
import type { Finding } from './finding.ts'

const CUE =
  /(?<!\p{L})(?:deadline|apply (?:by|before|until)|applications? (?:close|due|deadline)s?|clos(?:es|ing)(?: date)?|due|before|until|no later than|by|expires|till)(?!\p{L})/giu
/** Longest stretch after a cue in which its date may stand. */
const WINDOW = 60
const MAX_CUES = 8

/**
 * The last day to apply as an ISO date, relative to the day (UTC) the text arrived: "by Friday" is the coming one.
 * Day before month everywhere but in the United States.
 */
export function findDeadline(
  text: string,
  referenceDate: Date,
  country: CountryCode,
): Finding<string> | null {
  const parser = country === 'US' ? chrono.en.casual : chrono.en.GB
  const reference = { instant: referenceDate, timezone: 0 }
  for (const cue of [...text.matchAll(CUE)].slice(0, MAX_CUES)) {
    const from = cue.index + cue[0].length
    const [result] = parser.parse(text.slice(from, from + WINDOW), reference, { forwardDate: true })
    if (!result || result.index > 25) continue
    const { start } = result
    if (!start.isCertain('day') && !start.isCertain('weekday')) continue
    const date = isoDate(start.get('year'), start.get('month'), start.get('day'))
    if (!date) continue
    const past = date < referenceDate.toISOString().slice(0, 10)
    return {
      value: date,
      confidence: past ? 0.3 : start.isCertain('month') ? 0.9 : 0.75,
      start: cue.index,
      end: from + result.index + result.text.length,
    }
  }
  return null
}

/** Null for a date that the calendar does not have, or a year that is no deadline. */
function isoDate(year: number | null, month: number | null, day: number | null): string | null {
  if (!year || !month || !day || year < 2000 || year > 2100) return null
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 ? date.toISOString().slice(0, 10) : null
}
