import { useState } from 'react'
import { FormDialog } from '../../ui/dialog.tsx'
import { Input, Select, Textarea } from '../../ui/field.tsx'
import { BlockList } from './block-list.tsx'
import { type Block, initialValues, type Modal } from './blocks.ts'
import { type ModalValues, sandbox, useSandbox } from './world.ts'

type InputBlock = Extract<Block, { type: 'input' }>

/** A modal that the application opened in Slack; what it refuses is said at the input. */
export function SlackModal(props: { viewId: string; userId: string; modal: Modal }) {
  const { viewId, userId, modal } = props
  const [values, setValues] = useState(() => initialValues(modal.blocks))
  const [errors, setErrors] = useState<Record<string, string>>({})
  const submit = useSandbox(sandbox.submit)
  const close = useSandbox(sandbox.close)

  function send() {
    const missing = emptyRequired(modal.blocks, values)
    setErrors(missing)
    if (Object.keys(missing).length > 0) return
    submit.mutate(
      { viewId, userId, values },
      {
        onSuccess: ({ response }) => setErrors(response?.response_action === 'errors' ? response.errors : {}),
      },
    )
  }

  function set(block: InputBlock, value: string) {
    setValues((current) => ({ ...current, [block.blockId]: { [block.input.actionId]: value } }))
  }

  return (
    <FormDialog
      open
      onClose={() => close.mutate({ viewId, userId })}
      title={modal.title}
      description="A modal in Slack"
      submit={modal.submit ?? 'Submit'}
      busy={submit.isPending}
      onSubmit={send}
    >
      {modal.blocks.map((block) =>
        block.type === 'input' ? (
          <ModalInput
            key={block.key}
            block={block}
            value={values[block.blockId]?.[block.input.actionId] ?? ''}
            error={errors[block.blockId] ?? null}
            onChange={(value) => set(block, value)}
          />
        ) : (
          <BlockList key={block.key} blocks={[block]} onPress={() => {}} />
        ),
      )}
    </FormDialog>
  )
}

function withNone(options: { value: string; label: string }[], optional: boolean) {
  return optional ? [{ value: '', label: 'None' }, ...options] : options
}

/** What Slack itself refuses before the application hears of it. */
function emptyRequired(blocks: Block[], values: ModalValues): Record<string, string> {
  return Object.fromEntries(
    blocks.flatMap((block) => {
      if (block.type !== 'input' || block.optional || values[block.blockId]?.[block.input.actionId]) return []
      return [[block.blockId, 'Please complete this required field.']]
    }),
  )
}

function ModalInput(props: {
  block: InputBlock
  value: string
  error: string | null
  onChange: (value: string) => void
}) {
  const { block, value, error, onChange } = props
  const { input } = block
  const label = block.optional ? `${block.label} (optional)` : block.label
  const field = { label, name: block.blockId, value, error, onChange, hint: block.hint }
  if (input.kind === 'select') return <Select {...field} options={withNone(input.options, block.optional)} />
  const placeholder = input.placeholder ?? ''
  if (input.multiline) return <Textarea {...field} rows={4} placeholder={placeholder} />
  return <Input {...field} placeholder={placeholder} />
}
