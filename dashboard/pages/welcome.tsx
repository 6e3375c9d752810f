import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { client } from '../client.ts'
import { queries } from '../queries.ts'
import { Button } from '../ui/button.tsx'
import { Input } from '../ui/field.tsx'
import styles from './sign-in.module.css'
import { Entrance, FormError } from './sign-in.tsx'

const route = getRouteApi('/welcome')
const PASSWORD_LENGTH = 8

/** Where a one-time link leads: the owner's from the terminal, or an invitation. It makes an account. */
export function WelcomePage() {
  const { token } = route.useSearch()
  if (token === undefined) {
    return (
      <Entrance title="This link is incomplete">
        <p className={styles.note}>
          It should end in “?token=…”. Copy the whole link from the terminal or the invitation and open it
          again.
        </p>
      </Entrance>
    )
  }
  return (
    <Entrance title="Welcome to Kinkeeper">
      <p className={styles.note}>Tell us who you are. The link works once.</p>
      <AccountForm token={token} />
    </Entrance>
  )
}

function AccountForm({ token }: { token: string }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const create = useMutation({
    mutationFn: async () => {
      await client.welcome({ token, name, email, password })
      const session = await queryClient.fetchQuery({ ...queries.session, staleTime: 0 })
      if (session.user === null) await client.signIn(email, password)
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries()
      await navigate({ to: '/' })
    },
  })
  const tooShort = password !== '' && password.length < PASSWORD_LENGTH

  function submit(event: FormEvent) {
    event.preventDefault()
    if (!tooShort) create.mutate()
  }

  return (
    <form onSubmit={submit} className={styles.form}>
      <Input label="Name" name="name" autoComplete="name" value={name} onChange={setName} />
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
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
        hint={`At least ${PASSWORD_LENGTH} characters`}
      />
      <FormError error={create.error} />
      <Button
        type="submit"
        look="primary"
        busy={create.isPending}
        disabled={!name || !email || !password || tooShort}
      >
        Create the account
      </Button>
    </form>
  )
}
