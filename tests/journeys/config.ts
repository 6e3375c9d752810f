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
