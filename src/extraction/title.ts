import { type Finding, findGroup, tidyLine } from './finding.ts'
import { findRole, namesRole } from './roles.ts'

/** Words that say that somebody is being looked for, in the languages people have texted so far. */
export const HIRING_CUE =
  /(?<![\p{L}])(?:(?:is|are|'re|am|’re|now|currently|we|also) (?:now )?(?:hiring|recruiting|seeking)|hiring|recruiting|(?:we|is|are|'re|’re|'s|’s)(?: \w{1,12}){0,2} (?:looking|searching) for|looking to (?:hire|bring on|add)|in search of|we need|seeks|needed|wanted|join (?:us|our team)|job (?:opening|opportunity|offer|post)|open(?:ing|ings)? (?:for|position|role)|open position|new role|vacancy|se busca|buscamos|wir suchen|gesucht|nous recherchons|nous recrutons|recrute|cercasi|cerchiamo|procura-se|مطلوب|نبحث عن|דרוש|דרושה|דרושים|מחפשים)(?![\p{L}])/iu

/** Where a title ends: at punctuation or at a word that starts the next thought. */
const TITLE_END =
  /[.,;:!?\n\r|•·#]|\s[-–—]\s|[-–—]\s|\s(?:at|@|in|for|to|who|with|based|near|starting|paying|on|from|and we|that|which|remote|remotely|hybrid|onsite|on-site|salary|pay|please|asap|by|via|is|are|as|wanted|needed|bei|en|chez|pour|para|für|في|ב)(?=\s|$|[.,;:!])|\s?[($£€¥₹]/iu

const LABEL =
  /(?:^|\n)[ \t>*•-]{0,4}(?:job title|title|role|position|job|opening|vacancy|puesto|poste|stelle)[ \t]{0,3}[:：–-][ \t]{0,3}(?<value>[^\n\r]{2,120})/iu
const AFTER_CUE =
  /(?<![\p{L}])(?:hiring|recruiting|seeking|seeks|looking to hire|looking for|searching for|in search of|needs?|opening for|openings for|wanted:?|job opportunity:?|vacancy for|se busca|buscamos|wir suchen|nous recherchons|nous recrutons|recrute|cercasi|cerchiamo|procura-se|مطلوب|نبحث عن|דרוש|דרושה|דרושים|מחפשים)[ \t]{0,2}[:!-]?[ \t]{1,3}(?:an?\s|the\s|our (?:next|first|new)\s|another\s|one\s|two\s|three\s|\d{1,2}\s|some\s|experienced\s(?=and)|eine?n?\s|une?\s|una?\s){0,2}(?<value>[^\n\r]{2,120})/giu
const BEFORE_AT = /(?:^|[\n.!?:])[ \t]{0,4}(?<value>[^\n.!?:@]{3,80}?)(?:\s(?:at|with)\s|\s?@\s?)(?=\S)/giu
const BEFORE_WANTED =
  /(?:^|[\n.!?])[ \t]{0,4}(?:an?\s)?(?<value>[^\n.!?]{3,60}?)\s(?:is |are )?(?:wanted|needed|required|gesucht)(?![\p{L}])/giu

/** Our list of occupations is English: in another language the wording before it has to do. */
const FOREIGN_CUE =
  /^(?:se busca|buscamos|wir suchen|nous recherchons|nous recrutons|recrute|cercasi|cerchiamo|procura-se|مطلوب|نبحث عن|דרוש|דרושה|דרושים|מחפשים)/iu

/** After these words stands an occupation, even one that our list does not know ("hiring a beekeeper"). */
const PLAIN_CUE = /^(?:hiring|recruiting|looking to hire|openings? for|vacancy for)/iu
const UNKNOWN_ROLE_CONFIDENCE = 0.5
const UNKNOWN_ROLE_WORDS = 5

/** The title of the job, from the clearest wording that the text offers; null when no occupation is named. */
export function findTitle(text: string): Finding<string> | null {
  const labelled = findGroup(LABEL, text)
  if (labelled) return titleFrom(labelled.value, labelled.start, 0.9)

  for (const [pattern, confidence] of [
    [AFTER_CUE, 0.85],
    [BEFORE_AT, 0.8],
    [BEFORE_WANTED, 0.75],
  ] as const) {
    for (const match of text.matchAll(new RegExp(pattern.source, `${pattern.flags}d`))) {
      const span = match.indices?.groups?.value
      const title = span && titleFrom(text.slice(span[0], span[1]), span[0], confidence)
      if (title && (namesRole(title.value) || FOREIGN_CUE.test(match[0]))) return title
    }
  }
  return titleFromFirstLine(text) ?? titleFromRole(text) ?? titleOfUnknownRole(text)
}

/** A short first line that names an occupation is the headline. */
function titleFromFirstLine(text: string): Finding<string> | null {
  const line = /\S[^\n\r]{0,119}/u.exec(text)
  if (!line) return null
  const title = titleFrom(line[0], line.index, 0.6)
  return title && title.value.split(' ').length <= 8 && namesRole(title.value) ? title : null
}

/** The occupation with up to three describing words before it, wherever it stands. */
function titleFromRole(text: string): Finding<string> | null {
  const role = findRole(text)
  if (!role) return null
  const before = text.slice(Math.max(0, role.start - 60), role.start)
  const words = /(?:(?<=[\s([])|^)(?:\p{Lu}[\p{L}\p{N}+#/&-]{0,20}\s){0,3}$/u.exec(before)
  const start = role.start - (words?.[0].length ?? 0)
  return { value: tidyLine(text.slice(start, role.end), 150), confidence: 0.4, start, end: role.end }
}

/** Whatever is being hired, when the wording leaves no doubt that something is; uncertain, so a moderator looks. */
function titleOfUnknownRole(text: string): Finding<string> | null {
  for (const match of text.matchAll(new RegExp(AFTER_CUE.source, `${AFTER_CUE.flags}d`))) {
    const span = match.indices?.groups?.value
    if (!span || !PLAIN_CUE.test(match[0])) continue
    const title = titleFrom(text.slice(span[0], span[1]), span[0], UNKNOWN_ROLE_CONFIDENCE)
    if (title && title.value.split(' ').length <= UNKNOWN_ROLE_WORDS) return title
  }
  return null
}

/** Cuts the words at the end of the title and strips filler; null when nothing is left. */
function titleFrom(words: string, start: number, confidence: number): Finding<string> | null {
  const leading =
    /^[^\p{L}\p{N}]*(?:(?:as an?|an?|the|our|job as an?|job|position|role)\s(?=\S))?/iu.exec(words)?.[0]
      .length ?? 0
  const rest = words.slice(leading)
  const end = TITLE_END.exec(rest)?.index ?? rest.length
  const value = tidyLine(rest.slice(0, end).replace(/[\s"'”’*_-]+$/u, ''), 150)
  if (value.length < 2 || value.split(' ').length > 10 || !/\p{L}/u.test(value)) return null
  return { value, confidence, start: start + leading, end: start + leading + end }
}
