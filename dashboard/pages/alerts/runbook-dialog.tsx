import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { queries } from '../../queries.ts'
import { DialogFrame } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/empty-state.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import styles from '../alerts.module.css'

/** What to do, over the page: the runbook of an alert's rule, or a page of `docs/runbooks`. */
export function RunbookDialog(props: { of: { rule: string } | { page: string }; onClose: () => void }) {
  const { of, onClose } = props
  const runbook = useQuery('rule' in of ? queries.runbook(of.rule) : queries.runbookPage(of.page))
  const title = 'rule' in of ? `Runbook: ${of.rule}` : titleOf(runbook.data?.text ?? '')
  return (
    <DialogFrame open onClose={onClose} title={title}>
      <div className={styles.runbook}>
        {runbook.isPending && <Skeleton rows={3} height={64} />}
        {runbook.error && <Problem error={runbook.error} />}
        {runbook.data?.url && (
          <p>
            It is at <a href={runbook.data.url}>{runbook.data.url}</a>.
          </p>
        )}
        {runbook.data?.text && paragraphs(runbook.data.text)}
        {runbook.data && !runbook.data.text && !runbook.data.url && (
          <p>Its page is gone from docs/runbooks. Bring it back, or take it out of alerts.yaml.</p>
        )}
      </div>
    </DialogFrame>
  )
}

function titleOf(markdown: string): string {
  return /^# (.+)$/m.exec(markdown)?.[1]?.replaceAll('`', '') ?? 'Runbook'
}

/** Our runbooks are paragraphs with bold words, code and links; the title stands above already. */
function paragraphs(markdown: string): ReactNode[] {
  return markdown
    .split(/\n{2,}/)
    .filter((text) => text.trim() !== '' && !text.startsWith('#'))
    .map((text) => <p key={text}>{words(text.replaceAll('\n', ' '))}</p>)
}

function words(text: string): ReactNode[] {
  const pieces = text
    .split(/(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`|\[[^\]]+\]\([^)]+\))/)
    .filter((piece) => piece !== '') // what split leaves between two neighbours has no place of its own
  let offset = 0
  return pieces.map((piece) => {
    const key = `${offset}`
    offset += piece.length
    if (piece.startsWith('**')) return <strong key={key}>{piece.slice(2, -2)}</strong>
    if (piece.startsWith('*')) return <em key={key}>{piece.slice(1, -1)}</em>
    if (piece.startsWith('`')) return <code key={key}>{piece.slice(1, -1)}</code>
    // Links lead to other files of the docs, which are not here.
    if (piece.startsWith('[')) return <em key={key}>{/^\[([^\]]+)\]/.exec(piece)?.[1]}</em>
    return <span key={key}>{piece}</span>
  })
}
