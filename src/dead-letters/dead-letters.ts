/** The room put together: the jobs that it adds, what a new letter sets off, and what looks after the old ones. */
import type { Job, OnDeadLetter } from '../engine/index.ts'
import { type CompensationJob, defineCompensation } from './compensation.ts'
import { defineLetterAction, type LetterActionJob } from './letter-action.ts'
import type { LetterParts } from './parts.ts'
import { obeyPolicy, type PolicyWatch, watchPolicies } from './policy.ts'

export type DeadLetters = {
  parts: LetterParts
  jobs: readonly Job[]
  compensation: CompensationJob
  letterAction: LetterActionJob
  onDeadLetter: OnDeadLetter
  watch(): PolicyWatch
}

export function createDeadLetters(parts: LetterParts): DeadLetters {
  const compensation = defineCompensation(parts)
  const letterAction = defineLetterAction(parts, compensation)
  return {
    parts,
    compensation,
    letterAction,
    jobs: [compensation, letterAction],
    onDeadLetter: (tx, letter) => obeyPolicy(tx, parts, letter),
    watch: () => watchPolicies(parts),
  }
}
