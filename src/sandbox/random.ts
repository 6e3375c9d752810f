import { createHash } from 'node:crypto'

/** The next number in [0, 1). */
export type Random = () => number

/**
 * A row of numbers that follows from the seed alone, so that the same seed makes the same world. Mulberry32: short,
 * quick, and even enough for a sandbox (https://github.com/bryc/code/blob/master/jshash/PRNGs.md).
 */
export function createRandom(seed: string | number): Random {
  let state = createHash('sha256').update(String(seed)).digest().readUInt32BE(0)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
