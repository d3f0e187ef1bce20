import { DoorForm } from '../door-form.tsx'
import { param, problemText, type Query } from '../search-params.ts'

export default async function SignInPage({ searchParams }: { searchParams: Query }) {
  // Also in the address that it is sent to: a refusal comes back with it.
  const callbackUrl = (await param(searchParams, 'callbackUrl')) ?? '/'
  const ready = (await param(searchParams, 'ready')) !== null
  return (
    <DoorForm
      title="Sign in to Tidemark"
      intro={ready ? <p role="status">Your account is ready. Sign in with it.</p> : null}
      problem={problemText(await param(searchParams, 'error'))}
      action={`/api/auth/callback/credentials?${new URLSearchParams({ callbackUrl })}`}
      hidden={{ name: 'callbackUrl', value: callbackUrl }}
      password={
        <input className="input" type="password" name="password" autoComplete="current-password" required />
      }
      submit="Sign in"
    />
  )
}
