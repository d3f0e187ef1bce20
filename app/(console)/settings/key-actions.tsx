'use client'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson } from '../send-json.ts'
import { fieldText } from './field-text.ts'
import { endOf, KEY_ENDS } from './key-words.ts'
import { RevokeDialog } from './revoke-dialog.tsx'

export type KeyActionsProps = {
  kind: 'enrollment-keys' | 'ingest-keys'
  id: string
  fleetId: string
  name: string
  /** What its end means for what came in by it. */
  stays: string
}

const AS_IT_IS = { value: '', label: 'As it is' }

/** Rename a key or set its end; revoke it, for a reason. */
export function KeyActions({ kind, id, fleetId, name, stays }: KeyActionsProps) {
  const url = `/api/admin/v1/${kind}/${id}?fleet=${encodeURIComponent(fleetId)}`
  return (
    <span className="row-acts">
      <FormDialog
        trigger={<Button tone="quiet">Change…</Button>}
        title={`Change ${name}`}
        about="What a key opens cannot be changed: make another one."
        submitLabel="Save"
        done="Changed"
        send={(form) => {
          const expiresAtMs = endOf(fieldText(form, 'ends'), Date.now())
          const change = {
            name: fieldText(form, 'name'),
            ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
          }
          return sendJson('PATCH', url, change)
        }}
      >
        <TextField label="Name" name="name" defaultValue={name} maxLength={120} required />
        <SelectField label="Ends" name="ends" choices={[AS_IT_IS, ...KEY_ENDS]} />
      </FormDialog>
      <RevokeDialog url={url} title={`Revoke ${name} for good?`} reasonHint="Why must nothing come in by it?">
        {stays}
      </RevokeDialog>
    </span>
  )
}
