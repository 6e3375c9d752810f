/** Products and prices as they cross the wire. */
import { CURRENCY, PRICES, type PRODUCTS, type Price } from './catalogue.ts'
import type { Resource } from './resources.ts'

/** When the catalogue was made: 2024-01-01. */
const CATALOGUE_S = 1_704_067_200

/** A price of the catalogue. */
export function priceResource(price: Price): Resource {
  return {
    id: price.id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: CATALOGUE_S,
    currency: CURRENCY,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: price.lookupKey,
    metadata: {},
    nickname: price.nickname,
    product: price.productId,
    recurring: {
      interval: price.interval,
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: price.amountCents,
    unit_amount_decimal: String(price.amountCents),
  }
}

/** Plans are what prices were called before; items still carry both. */
export function planResource(price: Price): Resource {
  const { id, amountCents: amount, interval, nickname, productId: product } = price
  const shared = { active: true, billing_scheme: 'per_unit', created: CATALOGUE_S, currency: CURRENCY }
  return {
    id,
    object: 'plan',
    amount,
    interval,
    interval_count: 1,
    nickname,
    product,
    livemode: false,
    ...shared,
  }
}

/** A product of the catalogue. */
export function productResource(product: (typeof PRODUCTS)[number]): Resource {
  return {
    id: product.id,
    object: 'product',
    active: true,
    created: CATALOGUE_S,
    default_price: PRICES.find(({ productId }) => productId === product.id)?.id ?? null,
    description: product.description,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: product.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    type: 'service',
    unit_label: null,
    updated: CATALOGUE_S,
    url: null,
  }
}
