import { LinkButton } from '#components/ui/button.tsx'
import { PASSWORD_CHARS_MIN } from '#lib/application/access/password.ts'
import { setUpLinkState } from '#lib/application/access/set-up.ts'
import { compose } from '#lib/composition.ts'
import { DoorForm } from '../door-form.tsx'
import { param, problemText, type Query } from '../search-params.ts'

/** The first administrator, by the link that the server printed. Opening it uses nothing up; sending the form does. */
export default async function SetUpPage({ searchParams }: { searchParams: Query }) {
  const token = (await param(searchParams, 'token')) ?? ''
  const { ctx } = await compose()
  const state = await setUpLinkState(ctx, token)
  if (state !== 'live') return <DeadLink done={state === 'set_up_done'} />
  return (
    <DoorForm
      title="Set up Tidemark"
      intro={<p className="sub">This makes the first administrator. The link works once.</p>}
      problem={problemText(await param(searchParams, 'error'))}
      action="/api/auth/set-up"
      hidden={{ name: 'token', value: token }}
      password={
        <>
          <input
            className="input"
            type="password"
            name="password"
            autoComplete="new-password"
            minLength={PASSWORD_CHARS_MIN}
            required
          />
          <span className="hint sub">At least {PASSWORD_CHARS_MIN} characters. A sentence is fine.</span>
        </>
      }
      submit="Make the account"
    />
  )
}

/** A form that can only be refused would cost its reader a password. */
function DeadLink({ done }: { done: boolean }) {
  return (
    <>
      <h1>{done ? 'Tidemark is set up already' : 'This set-up link does not work any more'}</h1>
      <p className="sub">
        {done
          ? 'There is an administrator. Sign in with your account, or ask them for one.'
          : 'It was cut short, or its half hour is over. Restart Tidemark: it prints a new one.'}
      </p>
      {done ? (
        <LinkButton tone="primary" href="/sign-in">
          Sign in
        </LinkButton>
      ) : null}
    </>
  )
}
