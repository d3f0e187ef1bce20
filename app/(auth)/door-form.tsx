import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'

export type DoorFormProps = {
  title: string
  intro?: ReactNode
  /** Why the last try failed; null when there was none. */
  problem: string | null
  action: string
  hidden: { name: string; value: string }
  /** What was typed before a refusal; the password then asks for the focus. */
  email?: string
  /** The field below the e-mail address. */
  password: ReactNode
  submit: string
  /** Another way in, below the form. */
  beside?: ReactNode
}

/** A door of the console: a plain form that asks for an address and a password, and works without any script. */
export function DoorForm({
  title,
  intro,
  problem,
  action,
  hidden,
  email = '',
  password,
  submit,
  beside,
}: DoorFormProps) {
  return (
    <>
      <h1>{title}</h1>
      {intro}
      {problem === null ? null : (
        <p className="err" role="alert">
          {problem}
        </p>
      )}
      <form className="form" method="post" action={action}>
        <input type="hidden" {...hidden} />
        <label className="field">
          <span>E-mail</span>
          <input
            className="input"
            type="email"
            name="email"
            autoComplete="username"
            defaultValue={email}
            required
            autoFocus={email === ''}
          />
        </label>
        <label className="field">
          <span>Password</span>
          {password}
        </label>
        <Button type="submit" tone="primary">
          {submit}
        </Button>
      </form>
      {beside}
    </>
  )
}
