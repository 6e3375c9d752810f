/**
 * Currencies whose smallest unit is not a hundredth, as Stripe counts them (https://docs.stripe.com/currencies): others,
 * ISK and UGX among them, are counted in hundredths, also where people write none.
 */
const WITHOUT_DECIMALS = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '))
const WITH_THREE_DECIMALS = new Set('BHD JOD KWD OMR TND'.split(' '))

/**
 * An amount of money as people write it: `$1,240.00`, `¥500`.
 * @param value in the currency's smallest unit, as Stripe and Luma give it; @param currency ISO 4217, in any case
 * @returns with what is no currency, the number as it came
 */
export function formatMoney(value: number, currency: string): string {
  const code = currency.toUpperCase()
  if (!/^[A-Z]{3}$/.test(code)) return `${value} ${currency.trim() || '(currency not known)'}`
  const digits = WITHOUT_DECIMALS.has(code) ? 0 : WITH_THREE_DECIMALS.has(code) ? 3 : 2
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: code,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(value / 10 ** digits)
}

/** One text for each currency, in the order they come: `$20.00`, `€5.00`. @param amounts as in `formatMoney` */
export function sumMoney(amounts: { value: number; currency: string }[]): string[] {
  const sums = new Map<string, number>()
  for (const { value, currency } of amounts) sums.set(currency, (sums.get(currency) ?? 0) + value)
  return [...sums].map(([currency, value]) => formatMoney(value, currency))
}
