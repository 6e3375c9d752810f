/**
 * Says a cron expression as people do: `Every day at 09:00 and 21:00`. The shapes that schedules have in practice are
 * put into words; another one is shown as it stands.
 */
export function describeCron(cron: string): string {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = cron.trim().split(/\s+/)
  const everyDay = day === '*' && month === '*'
  if (everyDay && hour === '*' && weekday === '*') {
    if (minute === '*') return 'Every minute'
    const step = /^\*\/(\d+)$/.exec(minute)?.[1]
    if (step) return `Every ${step} minutes`
    if (/^\d+$/.test(minute)) return `Every hour, at ${minute.padStart(2, '0')} past`
  }
  const times = timesOf(minute, hour)
  if (times === null) return `By the expression ${cron}`
  if (everyDay && weekday === '*') return `Every day at ${times}`
  if (everyDay && weekday === '1-5') return `Monday to Friday at ${times}`
  const weekdays = everyDay ? namesOf(weekday) : null
  if (weekdays !== null) return `Every ${weekdays} at ${times}`
  if (/^\d+$/.test(day) && month === '*' && weekday === '*') return `On day ${day} of each month at ${times}`
  return `By the expression ${cron}`
}

/** What a run answered, in a line: `40 processed, 12 approved`. Null: there is nothing to say. */
export function describeResult(result: unknown): string | null {
  if (typeof result === 'string') return result
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null
  const counts = Object.entries(result).flatMap(([name, value]) => {
    const count = Array.isArray(value) ? value.length : value
    return typeof count === 'number' && count !== 0 ? [`${count.toLocaleString('en')} ${spoken(name)}`] : []
  })
  return counts.length > 0 ? counts.join(', ') : 'Nothing to do'
}

/** A slot in a zone: `Mon 23 Nov, 09:00`. */
export function describeSlot(atMs: number, timeZone?: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).format(atMs)
}

/** Whether two zones say the same time at this moment. */
export function sameTime(atMs: number, one: string, other: string): boolean {
  return describeSlot(atMs, one, 'en') === describeSlot(atMs, other, 'en')
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

function timesOf(minute: string, hour: string): string | null {
  if (!/^\d+$/.test(minute) || !/^\d+(,\d+)*$/.test(hour)) return null
  return listed(hour.split(',').map((each) => `${each.padStart(2, '0')}:${minute.padStart(2, '0')}`))
}

function namesOf(weekday: string): string | null {
  if (!/^[0-7](,[0-7])*$/.test(weekday)) return null
  return listed(weekday.split(',').map((each) => WEEKDAYS[Number(each)] ?? each))
}

function listed(words: string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** `finishedRuns` → `finished runs`. */
function spoken(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
}
