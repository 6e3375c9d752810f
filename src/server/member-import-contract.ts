/** POST /api/members/import: takes over the members that there are at Clerk and Stripe. The run says how it goes. */
export type MemberImportAnswer = { runId: string }
