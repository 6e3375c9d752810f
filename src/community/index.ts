export {
  type AppliedEdits,
  applyEdits,
  EDITABLE_FIELDS,
  type EditableField,
  editableTexts,
  FIELD_LABELS,
  type FieldEdits,
  fieldEditsSchema,
} from './edits.ts'
export { chargesOn, type Entitlement, entitlementOf } from './entitlement.ts'
export { customerOf, type Identity, type Match, matchMember, mergeMembers } from './matching.ts'
export {
  type AccountNews,
  assignSubscriptions,
  changeMember,
  createMember,
  findMember,
  lockMember,
  type Member,
  memberName,
  membersByEmail,
  readEntitlement,
  readMember,
  type SubscriptionNews,
  takeAccountNews,
  takeSubscriptionNews,
} from './members.ts'
export {
  type ConsentWord,
  consentWord,
  findOrCreateSender,
  noteConsentWord,
  noteOptedOutAtProvider,
  type Sender,
} from './senders.ts'
export {
  awaitingDetails,
  completeSubmission,
  createSubmission,
  DETAILS_WITHIN_MS,
  type IncomingText,
  moveSubmission,
  readSubmission,
  readTexts,
  SUBMISSIONS_PER_HOUR,
  type Submission,
  type SubmissionText,
  submissionsInLastHour,
  wholeText,
} from './submissions.ts'
