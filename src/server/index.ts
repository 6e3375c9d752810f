export type { AlertDesk } from './alerts.ts'
export { ensureOwnerLink, sessionSecret } from './invitations.ts'
export type { ServerParts } from './parts.ts'
export { createServer } from './server.ts'
