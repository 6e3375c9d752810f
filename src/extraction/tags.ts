import { type Finding, spanOf } from './finding.ts'

/** What people filter by: technologies and fields of work, as they are usually written. */
const TAGS: readonly (readonly [tag: string, pattern: RegExp])[] = [
  ...[
    'TypeScript',
    'JavaScript',
    'Python',
    'Java',
    'Kotlin',
    'Swift',
    'Rust',
    'Golang',
    'Ruby',
    'Rails',
    'PHP',
  ],
  ...['React', 'Angular', 'Vue', 'Svelte', 'Django', 'Laravel', 'Postgres', 'SQL', 'AWS', 'Azure', 'GCP'],
  ...['Kubernetes', 'Docker', 'Terraform', 'Figma', 'Excel', 'Salesforce', 'HubSpot', 'WordPress', 'Shopify'],
  ...[
    'Marketing',
    'Sales',
    'Finance',
    'Accounting',
    'Design',
    'Engineering',
    'Healthcare',
    'Nursing',
    'Education',
  ],
  ...[
    'Hospitality',
    'Retail',
    'Logistics',
    'Construction',
    'Nonprofit',
    'Climate',
    'Fintech',
    'Legal',
    'Data',
  ],
  ...['SEO', 'UX', 'QA', 'HR', 'DevOps', 'Security', 'iOS', 'Android'],
].map(
  (tag) =>
    [tag.toLowerCase(), new RegExp(`(?<![\\p{L}\\p{N}.@/_-])${tag}(?![\\p{L}\\p{N}_@])`, 'iu')] as const,
)

const HASHTAG = /(?<![\p{L}\p{N}&/])#(?<tag>\p{L}[\p{L}\p{N}_]{1,38})/gu
const MAX_TAGS = 10

/** Known words and hashtags of the text, lower-case, in order of appearance, at most ten. */
export function findTags(text: string): Finding<string[]> | null {
  const known = TAGS.flatMap(([tag, pattern]) => {
    const match = pattern.exec(text)
    return match ? [{ tag, start: match.index, end: match.index + match[0].length }] : []
  })
  const hashtags = [...text.matchAll(HASHTAG)].slice(0, 50).map((match) => ({
    tag: (match.groups?.tag ?? '').toLowerCase().slice(0, 40),
    start: match.index,
    end: match.index + match[0].length,
  }))
  const found = [...known, ...hashtags].toSorted((a, b) => a.start - b.start)
  const tags = [...new Set(found.map((entry) => entry.tag))].slice(0, MAX_TAGS)
  if (tags.length === 0) return null
  return { value: tags, confidence: 0.7, ...spanOf(found.filter((entry) => tags.includes(entry.tag))) }
}
