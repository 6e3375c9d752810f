import { expect, test } from 'vitest'
import { formatMoney } from './money.ts'

test.each([
  [124_000, 'usd', '$1,240.00'],
  [-250, 'EUR', '-€2.50'],
  [500, 'jpy', '¥500'],
  [12_345, 'kwd', 'KWD\u00a012.345'],
  // Counted in hundredths, though people write none.
  [500_000, 'huf', 'HUF\u00a05,000.00'],
  [5_000_050, 'cop', 'COP\u00a050,000.50'],
  [500, 'isk', 'ISK\u00a05.00'],
  [7, 'no money', '7 no money'],
  [7, '', '7 (currency not known)'],
])('%s of %s is written %s', (value, currency, text) => {
  expect(formatMoney(value, currency)).toBe(text)
})
