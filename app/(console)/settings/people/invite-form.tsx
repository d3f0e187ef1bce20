'use client'
import { Button } from '#components/ui/button.tsx'
import { CopyText } from '#components/ui/copy-text.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { Status } from '#components/ui/status.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { ROLE_CHOICES } from '../role-words.ts'

type Choice = { value: string; label: string }

/** Invites somebody with one role; more are given on this page once they are here, or by the API. */
export function InviteForm({ scopes, origin }: { scopes: readonly Choice[]; origin: string }) {
  return (
    <FormDialog
      trigger={<Button tone="primary">Invite…</Button>}
      title="Invite somebody"
      about="They get a link that makes their account, once, within three days. Tidemark sends no mail: you hand it over."
      submitLabel="Make the link"
      done="Invited"
      show={(answer) => <LinkShown answer={answer} origin={origin} />}
      send={(form) =>
        sendJson('POST', '/api/admin/v1/invitations', {
          email: fieldText(form, 'email'),
          roles: { [fieldText(form, 'scope')]: fieldText(form, 'role') },
        })
      }
    >
      <TextField label="E-mail" name="email" type="email" maxLength={254} required />
      <SelectField label="Fleet" name="scope" choices={scopes} />
      <SelectField label="Role" name="role" choices={ROLE_CHOICES} defaultValue="viewer" />
    </FormDialog>
  )
}

/** The link of an invitation that was made just now: nobody can read it again. */
export function LinkShown({ answer, origin }: { answer: unknown; origin: string }) {
  const { link, email } = answer as { link: string; email: string }
  return (
    <>
      <CopyText label={`The link for ${email}`} text={`${origin}${link}`} />
      <p>
        <Status kind="warn">Copy it now: it is not shown again.</Status>
      </p>
    </>
  )
}
