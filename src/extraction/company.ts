import { type Finding, findGroup, tidyLine } from './finding.ts'
import { namesRole } from './roles.ts'

const NAME_WORD = String.raw`[\p{Lu}\p{N}](?:[\p{L}\p{N}'’&+-]|\.(?=\p{L})){0,30}`
const NAME = String.raw`(?<value>${NAME_WORD}(?:\s(?:(?:&|and|of|the|de|la|du|van|von|für)\s)?${NAME_WORD}){0,4})`

const LABEL =
  /(?:^|\n)[ \t>*•-]{0,4}(?:company|employer|organi[sz]ation|business|firm|empresa|entreprise|firma)[ \t]{0,3}[:：–-][ \t]{0,3}(?<value>[^\n\r,;|]{2,100})/iu
const IS_HIRING = new RegExp(
  String.raw`(?:^|[\n.!?:]\s{0,3})(?:hi|hey|hello)?[\s,!]{0,3}(?:[Tt]he\s)?${NAME}(?:\s\([^()\n]{1,60}\))?,?\s(?:is|are|'s|’s)?\s?(?:now |currently |actively )?(?:hiring|recruiting|looking for|looking to hire|seeking|seeks|searching for|needs|wants|has an opening|recrute|busca|sucht)(?!\p{L})`,
  'u',
)
const AT = new RegExp(
  String.raw`(?<!\p{L})(?:[Aa]t|AT|with|@|bei|chez)\s?(?:the\s)?${NAME}(?![\p{L}\p{N}]|:\d|\s?[ap]m\b)`,
  'gu',
)
const JOIN = new RegExp(
  String.raw`(?<!\p{L})[Jj]oin\s(?:the\s)?(?:(?:team|crew|folks)\sat\s)?${NAME}(?!\p{L})`,
  'u',
)
const WE_ARE = new RegExp(
  String.raw`(?<!\p{L})(?:[Ww]e are|[Ww]e're|[Ww]e’re|[Hh]ere at|[Ww]e at|[Ii]'m \p{Lu}\p{Ll}{1,15} from|[Tt]his is|from)\s${NAME}(?!\p{L})`,
  'u',
)
/** People text in lower case: `barista at cafe luna in oslo`. */
const AT_LOWER =
  /(?<!\p{L})(?:at|@)\s(?!(?:least|once|our|home|all|an?|any|night|the|my|your|work|this|that|noon|least|most|first|its)(?!\p{L}))(?<value>\p{L}[\p{L}\p{N}&'’.-]{1,25}(?:\s(?!(?:in|is|for|to|and|on|near|salary|pay|call|text|apply|email|we|please|based|starting|full|part|from)(?!\p{L}))\p{L}[\p{L}\p{N}&'’.-]{0,25}){0,3})/iu

const NOT_A_COMPANY =
  /^(?:We|We['’]re|I|I['’]m|You|It|Se|This|That|They|Hiring|Now|Remote|Hybrid|Onsite|Full|Part|Apply|Please|Call|Text|Email|Salary|Pay|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May|June|July|August|September|October|November|December|USD?|EUR|GBP|Senior|Junior|Hi|Hey|Hello|Urgent|Also|Our|Who|Contact|Us|The|Anyone|Someone|Everyone|PM|AM)$/iu

/** `apply at careers.example.org` names an address, not an employer. */
const ADDRESS = /^\S+\.\p{Ll}{2,}$/u

/** The employer's name; null when the text does not say. */
export function findCompany(text: string): Finding<string> | null {
  const labelled = findGroup(LABEL, text)
  if (labelled) return nameFrom(labelled, 0.9)

  const hiring = nameFrom(findGroup(IS_HIRING, text), 0.85)
  if (hiring && !namesRole(hiring.value)) return hiring

  for (const match of text.matchAll(new RegExp(AT.source, `${AT.flags}d`))) {
    const span = match.indices?.groups?.value
    const name = span && nameFrom({ value: text.slice(...span), start: span[0], end: span[1] }, 0.8)
    if (name) return name
  }
  return (
    nameFrom(findGroup(JOIN, text), 0.7) ??
    nameFrom(findGroup(WE_ARE, text), 0.65) ??
    nameFrom(findGroup(AT_LOWER, text), 0.5)
  )
}

function nameFrom(
  found: { value: string; start: number; end: number } | null,
  confidence: number,
): Finding<string> | null {
  if (!found) return null
  const words = found.value.replace(/(?:['’]s)?[\s.'’&+-]+$|['’]s$/u, '')
  const value = tidyLine(words, 150)
  if (value.length < 2 || NOT_A_COMPANY.test(value) || !/\p{L}/u.test(value) || ADDRESS.test(value))
    return null
  return { value, confidence, start: found.start, end: found.start + words.length }
}
