import { Button } from '#components/ui/button.tsx'
import { PASSWORD_CHARS_MIN } from '#lib/application/access/password.ts'
import { param, problemText, type Query } from '../search-params.ts'

/** The first administrator, by the link that the server printed. Opening it uses nothing up; sending the form does. */
export default async function SetUpPage({ searchParams }: { searchParams: Query }) {
  const problem = problemText(await param(searchParams, 'error'))
  return (
    <>
      <h1>Set up Tidemark</h1>
      <p className="sub">This makes the first administrator. The link works once.</p>
      {problem === null ? null : (
        <p className="err" role="alert">
          {problem}
        </p>
      )}
      <form className="form" method="post" action="/api/auth/set-up">
        <input type="hidden" name="token" value={(await param(searchParams, 'token')) ?? ''} />
        <label className="field">
          <span>E-mail</span>
          <input className="input" type="email" name="email" autoComplete="username" required autoFocus />
        </label>
        <label className="field">
          <span>Password</span>
          <input
            className="input"
            type="password"
            name="password"
            autoComplete="new-password"
            minLength={PASSWORD_CHARS_MIN}
            required
          />
          <span className="hint sub">At least {PASSWORD_CHARS_MIN} characters. A sentence is fine.</span>
        </label>
        <Button type="submit" tone="primary">
          Make the account
        </Button>
      </form>
    </>
  )
}
