import type { Gate } from './contract.ts'

/** The gate that holds nothing back and counts nothing: for tests, and for commands that ask a provider one question. */
export const openGate: Gate = (_request, act) => act()
