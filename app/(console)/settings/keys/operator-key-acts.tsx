'use client'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import type { Role } from '#lib/application/context.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { ROLE_CHOICES } from '../role-words.ts'
import { RevokeDialog } from '../revoke-dialog.tsx'

/** Rename a key or change its role; revoke it, for a reason. */
export function OperatorKeyActs({ id, name, role }: { id: string; name: string; role: Role }) {
  const url = `/api/admin/v1/api-keys/${id}`
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">Change…</Button>}
        title={`Change ${name}`}
        about="Its next request knows. Its end and its fleet cannot be changed: make another one."
        submitLabel="Save"
        done="Changed"
        send={(form) =>
          sendJson('PATCH', url, { name: fieldText(form, 'name'), role: fieldText(form, 'role') })
        }
      >
        <TextField label="Name" name="name" defaultValue={name} maxLength={120} required />
        <SelectField label="Role" name="role" choices={ROLE_CHOICES} defaultValue={role} />
      </FormDialog>
      <RevokeDialog url={url} title={`Revoke ${name} for good?`} reasonHint="Why must nothing come in by it?">
        Its next request is refused, and so is every other copy of it.
      </RevokeDialog>
    </span>
  )
}
