import { useState } from 'react'
import type { ParsedJobPost, ParserName } from '../../../src/extraction/schema.ts'
import type { SubmissionText } from '../../../src/server/contract.ts'
import { type FieldView, viewFields } from '../../post-fields.ts'
import { markSources } from '../../provenance.ts'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from './post-content.module.css'

/**
 * What was read from a text, beside the text itself with the words that each field came from. Pointing at a field
 * lights up its words.
 */
export function PostContent(props: {
  parsed: ParsedJobPost | null
  parser: ParserName | null
  uncertain: string[]
  texts: SubmissionText[]
  /** `unsure` marks only what needs a look; `all` shows how sure the parser was of every field. */
  confidence: 'unsure' | 'all'
}) {
  const [pointedAt, setPointedAt] = useState<string | null>(null)
  const fields = props.parsed === null ? [] : viewFields(props.parsed, props.uncertain)
  const bodies = props.texts.map(({ body }) => body.trim())
  return (
    <div className={styles.content}>
      {props.parsed !== null && (
        <FieldList
          fields={fields.map((field) => withoutRepetition(field, bodies))}
          confidence={props.confidence}
          onPoint={setPointedAt}
        />
      )}
      <div className={styles.original}>
        {props.texts.map((text) => (
          <OriginalText key={text.receivedAt} text={text} fields={fields} pointedAt={pointedAt} />
        ))}
        {props.parser === 'rules' && (
          <p className={styles.note}>
            <Icon name="question" size={12} /> Read by rules, without the language model: look twice.
          </p>
        )}
      </div>
    </div>
  )
}

function FieldList(props: {
  fields: FieldView[]
  confidence: 'unsure' | 'all'
  onPoint: (label: string | null) => void
}) {
  // On a card the title and the company stand above, in larger type.
  const isRepeated = ({ name, uncertain }: FieldView) =>
    props.confidence === 'unsure' && !uncertain && (name === 'title' || name === 'company')
  const said = props.fields.filter((field) => field.uncertain || (field.value !== null && !isRepeated(field)))
  const unsaid = props.fields.filter((field) => field.value === null && !field.uncertain)
  return (
    <div>
      <dl className={styles.fields}>
        {said.map((field) => (
          <div
            key={field.name}
            className={styles.field}
            onPointerEnter={() => props.onPoint(field.label)}
            onPointerLeave={() => props.onPoint(null)}
          >
            <dt>{field.label}</dt>
            <dd className={styles.said}>
              <div>
                <FieldValue field={field} />
              </div>
              {props.confidence === 'all' && !field.uncertain && <Sureness field={field} />}
              {field.uncertain && <Uncertainty field={field} />}
            </dd>
          </div>
        ))}
      </dl>
      {unsaid.length > 0 && (
        <p className={styles.unsaid}>Not said: {unsaid.map(({ label }) => label.toLowerCase()).join(', ')}</p>
      )}
    </div>
  )
}

/** A field that is a whole text word for word is not said again: the text stands beside it. */
function withoutRepetition(field: FieldView, bodies: string[]): FieldView {
  return field.value !== null && bodies.includes(field.value.trim())
    ? { ...field, value: 'The text as it stands' }
    : field
}

function FieldValue({ field }: { field: FieldView }) {
  if (field.value === null) return <span className={styles.note}>Not found</span>
  if (field.name !== 'apply') return <bdi className={styles.value}>{field.value}</bdi>
  return field.value.split(' · ').map((part, index) => (
    <span key={part}>
      {index > 0 && ' · '}
      {/^https?:\/\//i.test(part) ? (
        <a href={part} target="_blank" rel="noreferrer nofollow">
          {part}
        </a>
      ) : (
        part
      )}
    </span>
  ))
}

function Sureness({ field }: { field: FieldView }) {
  return <span className={styles.sure}>{percent(field.confidence)} sure</span>
}

function Uncertainty({ field }: { field: FieldView }) {
  return (
    <span className={styles.unsure}>
      <Icon name="question" size={12} />
      Unsure, {percent(field.confidence)}
      <span className={styles.from}>
        {field.source === null ? 'inferred, not said' : <bdi>from “{field.source}”</bdi>}
      </span>
    </span>
  )
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`
}

function OriginalText(props: { text: SubmissionText; fields: FieldView[]; pointedAt: string | null }) {
  const { text, fields, pointedAt } = props
  return (
    <figure className={styles.text}>
      <figcaption className={styles.caption}>
        <Icon name="message" size={12} />
        <span>
          Text received <RelativeTime at={text.receivedAt} />
          {text.media > 0 && `, with ${text.media === 1 ? 'a picture' : `${text.media} pictures`} (not kept)`}
        </span>
      </figcaption>
      <blockquote className={styles.body} dir="auto">
        {markSources(text.body, fields).map((segment) =>
          segment.fields.length === 0 ? (
            segment.text
          ) : (
            <mark
              key={segment.start}
              title={segment.fields.join(', ')}
              className={isUnsure(segment.fields, fields) ? styles.unsureMark : styles.mark}
              data-lit={pointedAt !== null && segment.fields.includes(pointedAt)}
            >
              {segment.text}
            </mark>
          ),
        )}
      </blockquote>
    </figure>
  )
}

function isUnsure(labels: string[], fields: FieldView[]): boolean {
  return fields.some((field) => field.uncertain && labels.includes(field.label))
}
