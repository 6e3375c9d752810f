export { createGovernor, type Governor } from './governor.ts'
export { type ProviderStatus, readProviderStatuses } from './status.ts'
