/** What a person may set for the journeys: `KINKEEPER_BROWSER=/path/to/chrome npx vitest run tests/journeys`. */
export function chosenBrowser(): string | null {
  return process.env.KINKEEPER_BROWSER || null
}

/** Runs `act` with another folder for temporary files, for a library that takes no such parameter. */
export async function withTemporaryFolder<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  try {
    return await act()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}

export type Look = { size: 'desk' | 'phone'; colorScheme: 'light' | 'dark' }

/**
 * How the pages are looked at: each size once, in a theme that differs from run to run and is printed.
 * `LOOKS=all` takes each size in both, `LOOKS=light` the light desk and the dark phone, `LOOKS=dark` the other way round.
 */
export function chosenLooks(): Look[] {
  const light: Look[] = [
    { size: 'desk', colorScheme: 'light' },
    { size: 'phone', colorScheme: 'dark' },
  ]
  const dark: Look[] = [
    { size: 'desk', colorScheme: 'dark' },
    { size: 'phone', colorScheme: 'light' },
  ]
  const chosen = process.env.LOOKS ?? (Math.random() < 0.5 ? 'light' : 'dark')
  console.info(`Looks: LOOKS=${chosen}; LOOKS=all for both themes at both sizes`)
  return chosen === 'all' ? [...light, ...dark] : chosen === 'light' ? light : dark
}
