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
  return (
    <div className={styles.content}>
      {props.parsed !== null && (
        <FieldList fields={fields} confidence={props.confidence} onPoint={setPointedAt} />
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
  const said = props.fields.filter((field) => field.value !== null || field.uncertain)
  const unsaid = props.fields.filter((field) => !said.includes(field))
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
            <dd dir="auto">
              <FieldValue field={field} />
              <Certainty field={field} all={props.confidence === 'all'} />
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

function FieldValue({ field }: { field: FieldView }) {
  if (field.value === null) return <span className={styles.note}>Not found</span>
  if (field.name !== 'apply') return <span className={styles.value}>{field.value}</span>
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

function Certainty({ field, all }: { field: FieldView; all: boolean }) {
  if (!field.uncertain) {
    return all ? <span className={styles.sure}>{Math.round(field.confidence * 100)}% sure</span> : null
  }
  return (
    <span className={styles.unsure}>
      <Icon name="question" size={12} />
      {all ? `Unsure, ${Math.round(field.confidence * 100)}%` : 'Unsure'}
      <span className={styles.from}>{field.source === null ? 'inferred' : `from “${field.source}”`}</span>
    </span>
  )
}

function OriginalText(props: { text: SubmissionText; fields: FieldView[]; pointedAt: string | null }) {
  const { text, fields, pointedAt } = props
  return (
    <figure className={styles.text}>
      <figcaption className={styles.caption}>
        <Icon name="message" size={12} /> Text received <RelativeTime at={text.receivedAt} />
        {text.media > 0 && `, with ${text.media} ${text.media === 1 ? 'picture' : 'pictures'} (not kept)`}
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
