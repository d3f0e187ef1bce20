import { cookies } from 'next/headers'
import { Button } from '#components/ui/button.tsx'
import { TYPED_EMAIL_COOKIE, typedEmail } from '#lib/application/access/typed-email.ts'
import { compose } from '#lib/composition.ts'
import { DoorForm } from '../door-form.tsx'
import { param, problemText, type Query } from '../search-params.ts'

export default async function SignInPage({ searchParams }: { searchParams: Query }) {
  // Also in the address that it is sent to: a refusal comes back with it.
  const callbackUrl = (await param(searchParams, 'callbackUrl')) ?? '/'
  const ready = (await param(searchParams, 'ready')) !== null
  const { auth } = await compose()
  const minutes = Number(await param(searchParams, 'minutes'))
  const error = await param(searchParams, 'error')
  const email = error === null ? '' : typedEmail((await cookies()).get(TYPED_EMAIL_COOKIE)?.value)
  return (
    <DoorForm
      title="Sign in to Tidemark"
      intro={ready ? <p role="status">Your account is ready. Sign in with it.</p> : null}
      problem={problemText(error, minutes)}
      action={`/api/auth/callback/credentials?${new URLSearchParams({ callbackUrl })}`}
      hidden={{ name: 'callbackUrl', value: callbackUrl }}
      email={email}
      password={
        <input
          className="input"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          autoFocus={email !== ''}
        />
      }
      submit="Sign in"
      beside={
        <>
          <p className="sub">Forgot it? An administrator makes you a sign-in link under Settings, People.</p>
          {auth.oidc ? <ProviderForm name={auth.oidc.name} callbackUrl={callbackUrl} /> : null}
        </>
      }
    />
  )
}

/** The way by the sign-in provider; a plain form, which works without any script. */
function ProviderForm({ name, callbackUrl }: { name: string; callbackUrl: string }) {
  return (
    <form
      className="form"
      method="post"
      action={`/api/auth/signin/oidc?${new URLSearchParams({ callbackUrl })}`}
    >
      <input type="hidden" name="callbackUrl" value={callbackUrl} />
      <Button type="submit">Continue with {name}</Button>
    </form>
  )
}
