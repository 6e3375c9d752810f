/** A rate between 0 and 1 as people say it; never 100 % while anything failed. */
export function percent(rate: number | null): string {
  if (rate === null) return '–'
  const shown = Math.min(rate * 100, rate < 1 ? 99.9 : 100)
  return `${shown.toLocaleString('en', { maximumFractionDigits: 1 })} %`
}
