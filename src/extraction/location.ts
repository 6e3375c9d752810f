import { type Finding, findGroup, tidyLine } from './finding.ts'

const PLACE_WORD = String.raw`(?:St\.\s)?\p{Lu}[\p{L}'’-]{1,25}`
const PLACE = String.raw`(?<value>${PLACE_WORD}(?:\s(?:(?:de|of|upon|am|del|la)\s)?${PLACE_WORD}){0,2}(?:,\s?\p{Lu}\p{L}{1,20}(?:\s\p{Lu}\p{L}{1,15})?)?)`

const LABEL =
  /(?:^|\n)[ \t>*•-]{0,4}(?:location|where|place|city|office|lugar|lieu|ort)[ \t]{0,3}[:：–-][ \t]{0,3}(?<value>[^\n\r;|]{2,100})/iu
const AFTER_IN = new RegExp(
  String.raw`(?<!\p{L})(?:[Ii]n|IN|[Bb]ased in|[Ll]ocated in|[Nn]ear|[Oo]utside|[Aa]round|office in)\s(?:the\s)?(?:central\s|downtown\s|sunny\s)?${PLACE}`,
  'gu',
)
const CITY_AND_REGION =
  /(?<![\p{L}])(?<value>\p{Lu}[\p{L}.'’-]{1,20}(?:\s\p{Lu}[\p{L}.'’-]{1,20}){0,2},\s?(?:A[LKZR]|C[AOT]|DE|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]|W[AVIY]|DC|ON|BC|QC|UK|USA|Germany|France|Spain|Italy|Norway|Sweden|Denmark|Netherlands|Ireland|Canada|Australia|India|Portugal|Poland|Kenya|Nigeria|Mexico|Brazil|Japan))(?!\p{L})/gu
const REMOTE_REGION =
  /(?<!\p{L})remote(?:ly)?\s?(?:\(|in\s|within\s|from\s|[-–—]\s?|,\s)(?:the\s)?(?<value>(?:US|USA|U\.S\.|UK|EU|EMEA|LATAM|APAC|Europe|North America|Canada|Germany|Australia|worldwide)(?:\s(?:only|or|and|\/)\s?(?:US|UK|EU|Canada|Europe))?)(?!\p{L})/iu
const KNOWN =
  /(?<![\p{L}.@/])(?<value>new york(?: city)?|nyc|brooklyn|san francisco|sf bay area|los angeles|chicago|boston|seattle|austin|denver|miami|atlanta|portland|philadelphia|washington,? dc|toronto|vancouver|montreal|london|manchester|edinburgh|dublin|paris|lyon|berlin|munich|münchen|hamburg|vienna|zurich|zürich|geneva|amsterdam|rotterdam|brussels|madrid|barcelona|lisbon|rome|milan|oslo|bergen|stockholm|copenhagen|helsinki|warsaw|prague|athens|istanbul|dubai|cairo|tel aviv|lagos|nairobi|cape town|mumbai|bangalore|delhi|singapore|hong kong|tokyo|sydney|melbourne|auckland|mexico city|são paulo|buenos aires|برلين|دبي|القاهرة|الرياض|תל אביב|ירושלים|חיפה)(?!\p{L})/iu

const NOT_A_PLACE =
  /^(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|Python|Java|JavaScript|TypeScript|React|Rust|Go|Golang|Ruby|SQL|Excel|English|German|French|Spanish|Customer|Sales|Marketing|Design|Finance|Person|Q[1-4]|AI|ML|AWS|Figma|Spring|Summer|Autumn|Fall|Winter|Our|Your|We|Please|Apply|House|Engineering|Product|Computer)(?!\p{L})/iu

/** Where the job is: a city, a region, or the region a remote job is limited to; null when the text does not say. */
export function findLocation(text: string): Finding<string> | null {
  const labelled = findGroup(LABEL, text)
  if (labelled) return placeFrom(labelled, 0.9)

  for (const [pattern, confidence] of [
    [CITY_AND_REGION, 0.85],
    [AFTER_IN, 0.75],
  ] as const) {
    for (const match of text.matchAll(new RegExp(pattern.source, `${pattern.flags}d`))) {
      const span = match.indices?.groups?.value
      const place =
        span && placeFrom({ value: text.slice(...span), start: span[0], end: span[1] }, confidence)
      if (place) return place
    }
  }
  return placeFrom(findGroup(REMOTE_REGION, text), 0.7) ?? placeFrom(findGroup(KNOWN, text), 0.65)
}

function placeFrom(
  found: { value: string; start: number; end: number } | null,
  confidence: number,
): Finding<string> | null {
  if (!found) return null
  const [city = '', region] = found.value.split(/,\s?/u, 2)
  const named = region !== undefined && NOT_A_PLACE.test(region) ? city : found.value
  const words = named.replace(/[\s.,'’-]+$/u, '')
  const value = tidyLine(words, 200)
  if (value.length < 2 || NOT_A_PLACE.test(value)) return null
  return { value, confidence, start: found.start, end: found.start + words.length }
}
