import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import type { Role, SessionInfo } from '../../src/server/contract.ts'
import { client } from '../client.ts'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { Mark } from '../ui/shell.tsx'
import { ROLE_WORDS } from '../words.ts'
import styles from './sign-in.module.css'

/** The way in: e-mail and password; in the sandbox, one click per role. */
export function SignInPage({ session }: { session: SessionInfo }) {
  return (
    <Entrance title="Sign in to Kinkeeper">
      {session.sandboxSignIn.length > 0 && <SandboxDoors roles={session.sandboxSignIn} />}
      {session.hasOwner || session.sandboxSignIn.length === 0 ? <PasswordForm /> : null}
      {!session.hasOwner && session.sandboxSignIn.length === 0 && (
        <p className={styles.note}>
          Nobody owns this Kinkeeper yet. The program printed a one-time link when it started: open it to
          become the owner.
        </p>
      )}
    </Entrance>
  )
}

/** A page before the door: the mark, a title, a form. */
export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <Mark />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}

/** An error of a form, said where the eye is: above its button. */
export function FormError({ error }: { error: Error | null }) {
  if (error === null) return null
  return (
    <p role="alert" className={styles.error}>
      <Icon name="alert" /> {error.message}
    </p>
  )
}

function PasswordForm() {
  const queryClient = useQueryClient()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => client.signIn(email, password),
    onSuccess: () => queryClient.invalidateQueries(),
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    signIn.mutate()
  }

  return (
    <form onSubmit={submit} className={styles.form}>
      <Input
        label="E-mail"
        name="email"
        type="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
      />
      <Input
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
      />
      <FormError error={signIn.error} />
      <Button type="submit" look="primary" busy={signIn.isPending}>
        Sign in
      </Button>
      <p className={styles.note}>No account? An owner can invite you from the People page.</p>
    </form>
  )
}

function SandboxDoors({ roles }: { roles: Role[] }) {
  const queryClient = useQueryClient()
  const enter = useMutation({
    mutationFn: (role: Role) => client.signInToSandbox(role),
    onSuccess: () => queryClient.invalidateQueries(),
  })
  return (
    <div className={styles.form}>
      <p className={styles.note}>This is a sandbox. Come in as</p>
      <ul className={styles.doors}>
        {roles.map((role) => (
          <li key={role}>
            <button
              type="button"
              className={styles.door}
              disabled={enter.isPending}
              onClick={() => enter.mutate(role)}
            >
              <span className={styles.doorName}>{ROLE_WORDS[role].word}</span>
              <span className={styles.note}>{ROLE_WORDS[role].may}</span>
              <Icon name="chevronRight" />
            </button>
          </li>
        ))}
      </ul>
      <FormError error={enter.error} />
    </div>
  )
}
