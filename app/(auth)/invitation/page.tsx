import { Button, LinkButton } from '#components/ui/button.tsx'
import { lookAtInvitation } from '#lib/application/access/accept-invitation.ts'
import { PASSWORD_CHARS_MIN } from '#lib/application/access/password.ts'
import { compose } from '#lib/composition.ts'
import { answerGone } from '../../answer-unavailable.ts'
import { param, problemText, type Query } from '../search-params.ts'
import { DEAD_INVITATIONS } from './invitation-words.ts'

/** Who was invited makes an account here. Opening the link uses nothing up; sending the form does. */
export default async function InvitationPage({ searchParams }: { searchParams: Query }) {
  const token = (await param(searchParams, 'token')) ?? ''
  const { ctx } = await compose()
  const invitation = await lookAtInvitation(ctx, token)
  if (invitation.state !== 'open') return <DeadInvitation state={invitation.state} />
  const error = await param(searchParams, 'error')
  // The e-mail is the invitation's, and the name's length is held by its field.
  const problem = problemText(error === 'bad_request' ? 'weak_password' : error)
  const name = await param(searchParams, 'name')
  return (
    <>
      <h1>Come into Tidemark</h1>
      <p className="sub">
        {invitation.invitedBy} invites {invitation.email}. The link works once.
      </p>
      {problem === null ? null : (
        <p className="err" role="alert">
          {problem}
        </p>
      )}
      <form className="form" method="post" action="/api/auth/invitation">
        <input type="hidden" name="token" value={token} />
        <label className="field">
          <span>Your name</span>
          <input
            className="input"
            name="name"
            autoComplete="name"
            defaultValue={name ?? ''}
            maxLength={120}
            required
            autoFocus={name === null}
          />
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
            autoFocus={name !== null}
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

/** A form that can only be refused would cost its reader a password. */
function DeadInvitation({ state }: { state: keyof typeof DEAD_INVITATIONS }) {
  answerGone()
  const { title, detail } = DEAD_INVITATIONS[state]
  return (
    <>
      <h1>{title}</h1>
      <p className="sub">{detail}</p>
      <LinkButton tone={state === 'accepted' ? 'primary' : 'plain'} href="/sign-in">
        Sign in
      </LinkButton>
    </>
  )
}
