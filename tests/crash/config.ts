/** Which of the seams are crashed at: `all`, a number, or null for a part that differs from run to run. */
export function crashSeams(): string | null {
  return process.env.CRASH_SEAMS ?? null
}
