'use client'
import { Button } from '#components/ui/button.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { LinkShown } from './invite-form.tsx'
import { RevokeDialog } from '../revoke-dialog.tsx'

/** A new link for somebody who lost theirs, or takes the invitation back. */
export function InvitationActs({ id, email, origin }: { id: string; email: string; origin: string }) {
  const url = `/api/admin/v1/invitations/${id}`
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">New link…</Button>}
        title={`A new link for ${email}`}
        about="The link before it works no more. This one works once, within three days."
        submitLabel="Make the link"
        done="The link is made"
        show={(answer) => <LinkShown answer={answer} origin={origin} />}
        send={() => sendJson('POST', `${url}/link`, {})}
      >
        {null}
      </FormDialog>
      <RevokeDialog url={url} title={`Take back the invitation of ${email}?`}>
        Its link opens nothing any more.
      </RevokeDialog>
    </span>
  )
}
