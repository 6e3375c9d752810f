/** Which cells of the fault matrix are tested: `all`, a number, a part of their names, or null for a part that differs. */
export function chosenFaults(): string | null {
  return process.env.FAULTS ?? null
}
