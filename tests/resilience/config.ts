/** What a person may set for the tests that draw at random: `RESILIENCE_SEED=123 npx vitest run tests/resilience`. */
export function chosenSeed(): number {
  const given = Number(process.env.RESILIENCE_SEED)
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2 ** 31)
}

/** How many runs the tests of takeover make: a part of the 500 that are promised, `TAKEOVER_RUNS=500` for all. */
export function takeoverRuns(): number {
  const given = Number(process.env.TAKEOVER_RUNS)
  return Number.isInteger(given) && given >= 50 ? given : 90
}

/** How long the database is in the dark: a part of what is promised, `DARK_SECONDS=30` for all of it. */
export function darkMs(): number {
  const given = Number(process.env.DARK_SECONDS)
  return (Number.isInteger(given) && given > 0 ? given : 6) * 1_000
}
