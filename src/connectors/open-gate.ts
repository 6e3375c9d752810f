import { announceSending } from '../primitives/index.ts'
import type { Gate } from './contract.ts'

/** The gate that holds nothing back and counts nothing: for tests, and for commands that ask a provider one question. */
export const openGate: Gate = async (_request, act) => {
  await announceSending()
  return act()
}
