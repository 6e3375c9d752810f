import type { ParsedJobPost } from './schema.ts'
import { HIRING_CUE } from './title.ts'

/** Somebody who wants a job rather than offers one. */
const SEEKER =
  /(?<!\p{L})(?:(?:i am|i'm|i’m|im|am) (?:currently |actively |also )?(?:looking for|searching for|seeking|in search of|after) (?:an? |any |some |new |my |part[\s-]?time |full[\s-]?time |remote ){0,3}(?:job|work|position|employment|role|gig|opportunit|internship)|(?:any|got|have) (?:jobs?|openings?|vacanc(?:y|ies)|work)(?: \w{1,12}){0,3}\?|are you (?:guys )?hiring|hire me|my (?:resume|résumé|cv)|seeking employment|i need (?:an? )?(?:job|work)|available for (?:work|hire)|busco trabajo|suche (?:einen )?job|looking for work)(?!\p{L})/iu

/** The usual bait. */
const SPAM =
  /(?:you(?:'ve| have)? (?:been selected|won)|claim your|click (?:here|the link) (?:now|to claim)|make money (?:fast|online|from home)|earn (?:up to )?[$£€]?\d[\d,.]*k? (?:a|per) (?:day|week) (?:from home|working from home|with no experience)|crypto (?:giveaway|investment)|double your (?:money|investment)|free (?:iphone|gift card)|viagra|casino|whatsapp me|forex)/iu

const DUTIES =
  /\b(?:experience|responsibilit(?:y|ies)|requirements?|benefits|salary|apply|applications?|cv|resume|shifts?|skills|candidates?|salaried|start(?:ing)? (?:date|asap|immediately)|must have|you will|you'll|degree|tips)\b/giu

/** Score at and above which a text counts as a job post. */
const THRESHOLD = 3.5

/**
 * Whether the text offers a job, and how sure that is. Signals add up; without an occupation it is never a job post,
 * because there is nothing that could be published.
 */
export function judgeJobLikeness(
  text: string,
  fields: ParsedJobPost['fields'],
): { isJobPost: boolean; confidence: number } {
  if (SEEKER.test(text)) return { isJobPost: false, confidence: 0.85 }
  if (SPAM.test(text)) return { isJobPost: false, confidence: 0.8 }

  const offers = HIRING_CUE.test(text)
  const duties = new Set([...text.matchAll(DUTIES)].map((match) => match[0].toLowerCase())).size
  const question = /\?\s*$/u.test(text) && !offers
  const score =
    (offers ? 2 : 0) +
    (fields.title.value ? 0.8 + fields.title.confidence : 0) +
    (fields.salary.value ? 1.5 : 0) +
    (fields.apply.value ? 1 : 0) +
    (fields.employmentType.value ? 1 : 0) +
    (fields.company.value ? 0.7 : 0) +
    (fields.location.value ? 0.4 : 0) +
    (fields.workplace.value ? 0.5 : 0) +
    (fields.deadline.value ? 0.7 : 0) +
    Math.min(1.5, duties * 0.5) -
    (question ? 2 : 0)
  const isJobPost = fields.title.value !== null && score >= THRESHOLD
  const distance = isJobPost ? score - THRESHOLD : fields.title.value ? THRESHOLD - score : THRESHOLD
  return { isJobPost, confidence: Math.round(Math.min(0.95, 0.55 + distance / 10) * 100) / 100 }
}
