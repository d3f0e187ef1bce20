import { Button } from '#components/ui/button.tsx'
import { param, problemText, type Query } from '../search-params.ts'

/** A plain form: it works before, and without, any script. */
export default async function SignInPage({ searchParams }: { searchParams: Query }) {
  const problem = problemText(await param(searchParams, 'error'))
  const ready = (await param(searchParams, 'ready')) !== null
  return (
    <>
      <h1>Sign in to Tidemark</h1>
      {ready ? <p role="status">Your account is ready. Sign in with it.</p> : null}
      {problem === null ? null : (
        <p className="err" role="alert">
          {problem}
        </p>
      )}
      <form className="form" method="post" action="/api/auth/callback/credentials">
        <input type="hidden" name="callbackUrl" value={(await param(searchParams, 'callbackUrl')) ?? '/'} />
        <label className="field">
          <span>E-mail</span>
          <input className="input" type="email" name="email" autoComplete="username" required autoFocus />
        </label>
        <label className="field">
          <span>Password</span>
          <input className="input" type="password" name="password" autoComplete="current-password" required />
        </label>
        <Button type="submit" tone="primary">
          Sign in
        </Button>
      </form>
    </>
  )
}
