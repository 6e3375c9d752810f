/** Words that name an occupation in the kinds of jobs people text: the last word of a title, mostly. */
const ROLE_NOUNS = `
  accountant actor administrator adviser advisor agent analyst animator apprentice architect artist
  assistant associate auditor babysitter baker barback barista bartender bookkeeper butcher buyer captain
  caregiver carer caretaker carpenter cashier ceo cfo chef cleaner clerk co-founder coach cofounder
  concierge consultant controller cook coordinator copywriter counsellor counselor courier creator cto
  curator custodian dba dentist designer developer devops director dishwasher dispatcher doctor driver
  editor educator electrician engineer estimator executive facilitator fellow florist foreman fundraiser
  gardener generalist groomer guard hairdresser hand handyman host hostess housekeeper illustrator
  inspector instructor intern internship interpreter janitor journalist laborer labourer landscaper lawyer
  lead leader lecturer librarian lifeguard lineworker machinist manager marketer mechanic mentor
  merchandiser midwife moderator musician nanny nurse officer operator organiser organizer owner painter
  paralegal paramedic partner pharmacist photographer physiotherapist picker pilot planner plumber porter
  principal producer professor programmer receptionist recruiter reporter representative researcher roofer
  sailor scientist secretary server sitter specialist sre stocker strategist stylist supervisor surveyor
  tailor teacher technician technologist tester therapist trainee trainer translator tutor vet
  veterinarian videographer volunteer waiter waitress walker welder worker writer
`
/** The same in several words; `[a-z]+` is any word. */
const ROLE_PHRASES = ['chief of staff', 'head of [a-z]+', 'social worker']

const ROLE = new RegExp(
  `(?<![\\p{L}\\p{N}/.@])(?:${[...ROLE_PHRASES, ...ROLE_NOUNS.trim().split(/\s+/)].join('|')})s?(?![\\p{L}\\p{N}])`,
  'iu',
)

/** Whether the words name an occupation. */
export function namesRole(words: string): boolean {
  return ROLE.test(words)
}

/** Where the first occupation is named in the text; null when nowhere. */
export function findRole(text: string): { start: number; end: number } | null {
  const match = ROLE.exec(text)
  return match ? { start: match.index, end: match.index + match[0].length } : null
}
