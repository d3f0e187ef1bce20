import { PASSWORD_CHARS_MIN } from '#lib/application/access/password.ts'
import { DoorForm } from '../door-form.tsx'
import { param, problemText, type Query } from '../search-params.ts'

/** The first administrator, by the link that the server printed. Opening it uses nothing up; sending the form does. */
export default async function SetUpPage({ searchParams }: { searchParams: Query }) {
  return (
    <DoorForm
      title="Set up Tidemark"
      intro={<p className="sub">This makes the first administrator. The link works once.</p>}
      problem={problemText(await param(searchParams, 'error'))}
      action="/api/auth/set-up"
      hidden={{ name: 'token', value: (await param(searchParams, 'token')) ?? '' }}
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
