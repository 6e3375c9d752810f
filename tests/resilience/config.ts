/** What a person may set for the tests that draw at random: `RESILIENCE_SEED=123 npx vitest run tests/resilience`. */
export function chosenSeed(): number {
  const given = Number(process.env.RESILIENCE_SEED)
  return Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 2 ** 31)
}

/** How many runs the tests of takeover make: `TAKEOVER_RUNS=50` for a quick look. */
export function takeoverRuns(): number {
  const given = Number(process.env.TAKEOVER_RUNS)
  return Number.isInteger(given) && given >= 50 ? given : 500
}

/** How long the database is in the dark: `DARK_SECONDS=8` for a quick look. */
export function darkMs(): number {
  const given = Number(process.env.DARK_SECONDS)
  return (Number.isInteger(given) && given > 0 ? given : 30) * 1_000
}
