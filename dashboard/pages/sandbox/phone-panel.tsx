import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { Panel } from './panel.tsx'
import styles from './phone-panel.module.css'
import { type Phone, type PhoneMessage, sandbox, useSandbox } from './world.ts'

const FIRST_NUMBER = '+14155550123'
const EXAMPLES = [
  {
    label: 'A good job post',
    body: 'Hiring: Line cook at Marlow’s Kitchen, 48 Harbour St, Portland. Full time, $22–26 an hour, evenings and weekends. Two years in a busy kitchen. Apply by 30 December: jobs@marlowskitchen.example or call +1 503 555 0188',
  },
  {
    label: 'A vague one',
    body: 'looking for someone to help out in our shop a few days a week, good pay, text me',
  },
  { label: 'Not a job post', body: 'hey is the meetup still on for thursday? I can bring snacks' },
  { label: 'STOP', body: 'STOP' },
]

/** A phone to text the community from, with its thread. */
export function PhonePanel({ phones }: { phones: Phone[] }) {
  const [number, setNumber] = useState(phones[0]?.number ?? FIRST_NUMBER)
  const phone = phones.find((known) => known.number === number)
  return (
    <Panel
      icon="phone"
      title="Phone"
      aside={
        <>
          <input
            className={styles.number}
            type="tel"
            list="known-numbers"
            aria-label="Text from this number"
            value={number}
            onChange={(event) => setNumber(event.target.value)}
          />
          <datalist id="known-numbers">
            {phones.map((known) => (
              <option key={known.number} value={known.number} />
            ))}
          </datalist>
        </>
      }
    >
      <Thread phone={phone} />
      <Composer number={number} optedOut={phone?.optedOut ?? false} />
    </Panel>
  )
}

function Thread({ phone }: { phone: Phone | undefined }) {
  const end = useRef<HTMLDivElement>(null)
  const count = phone?.messages.length ?? 0
  useEffect(() => {
    // Only the thread scrolls to its end, not the page to the thread.
    if (count > 0) end.current?.closest('[role="region"]')?.scrollTo({ top: Number.MAX_SAFE_INTEGER })
  }, [count])
  if (phone === undefined || count === 0) {
    return <p className={styles.nothing}>No texts yet. Send an example below, or write one.</p>
  }
  return (
    <ScrollBox label={`Texts of ${phone.number}`}>
      <ol className={styles.thread}>
        {phone.messages.map((message) => (
          <Bubble key={message.sid} message={message} />
        ))}
      </ol>
      <div ref={end} />
    </ScrollBox>
  )
}

function Bubble({ message }: { message: PhoneMessage }) {
  const isOurs = message.direction === 'from_community'
  return (
    <li className={styles.message} data-direction={message.direction}>
      <p className={styles.bubble} dir="auto">
        <span className="visually-hidden">{isOurs ? 'From the community: ' : 'Sent: '}</span>
        {message.body}
      </p>
      <p className={styles.meta}>
        {isOurs && `${message.status}, `}
        <RelativeTime at={new Date(message.atMs).toISOString()} inTable />
      </p>
    </li>
  )
}

function Composer({ number, optedOut }: { number: string; optedOut: boolean }) {
  const [body, setBody] = useState('')
  const text = useSandbox(sandbox.text)

  function send(words: string) {
    if (words.trim() !== '') text.mutate({ from: number, body: words }, { onSuccess: () => setBody('') })
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    send(body)
  }

  return (
    <div className={styles.composer}>
      {optedOut && (
        <p className={styles.optedOut}>
          <Icon name="stop" size={12} /> This number opted out. Text START to hear from the community again.
        </p>
      )}
      <ul className={styles.examples} aria-label="Example texts">
        {EXAMPLES.map((example) => (
          <li key={example.label}>
            <button
              type="button"
              className={styles.example}
              disabled={text.isPending}
              onClick={() => send(example.body)}
            >
              {example.label}
            </button>
          </li>
        ))}
      </ul>
      <form className={styles.form} onSubmit={submit}>
        <textarea
          className={styles.input}
          rows={2}
          aria-label="Text message"
          placeholder="Text message"
          value={body}
          onChange={(event) => setBody(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey) submit(event)
          }}
        />
        <Button type="submit" look="primary" icon="send" busy={text.isPending}>
          Send
        </Button>
      </form>
    </div>
  )
}
