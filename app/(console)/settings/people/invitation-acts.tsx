'use client'
import { useRouter } from 'next/navigation'
import { Button } from '#components/ui/button.tsx'
import { ConfirmDialog } from '#components/ui/dialog.tsx'
import { showToast } from '#components/ui/toast.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { LinkShown } from './invite-form.tsx'

/** A new link for somebody who lost theirs, or takes the invitation back. */
export function InvitationActs({ id, email, origin }: { id: string; email: string; origin: string }) {
  const router = useRouter()
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
      <ConfirmDialog
        trigger={<Button tone="quiet danger">Revoke…</Button>}
        title={`Take back the invitation of ${email}?`}
        reason="required"
        confirmLabel="Revoke"
        danger
        onConfirm={async ({ reason }) => {
          const sent = await sendJson('DELETE', url, { reason })
          if (!sent.ok) return { ok: false, message: `${sent.message} (${sent.code})` }
          showToast({ kind: 'ok', text: 'Revoked' })
          router.refresh()
          return { ok: true }
        }}
      >
        Its link opens nothing any more.
      </ConfirmDialog>
    </span>
  )
}
