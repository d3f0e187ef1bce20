'use client'
import { Button } from '#components/ui/button.tsx'
import { AreaField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../../form-dialog.tsx'
import { sendJson } from '../../../send-json.ts'
import { fieldText } from '../../../settings/field-text.ts'
import { incidentUrl, type IncidentRef } from '../../incident-links.ts'

/** Adds a line to what happened. */
export function AddNote(of: IncidentRef) {
  return (
    <FormDialog
      trigger={<Button>Note…</Button>}
      title="Add a note"
      about="It stands in what happened, under your name, and cannot be taken back."
      submitLabel="Add it"
      done="The note is added"
      send={(form) => sendJson('POST', incidentUrl(of, 'notes'), { text: fieldText(form, 'text') })}
    >
      <AreaField label="Note" name="text" rows={4} maxLength={4_000} spellCheck required />
    </FormDialog>
  )
}

/** Says who has it. */
export function HandOver({
  owner,
  viewerName,
  ...of
}: IncidentRef & { owner: string | null; viewerName: string }) {
  return (
    <FormDialog
      trigger={<Button>{owner === null ? 'Assign…' : 'Hand over…'}</Button>}
      title="Who has it?"
      about="A person or a team, in words. Nobody is called by it."
      submitLabel="Save"
      done="Its owner is saved"
      send={(form) => {
        const name = fieldText(form, 'owner')
        return sendJson('POST', incidentUrl(of, 'owner'), { owner: name === '' ? null : name })
      }}
    >
      <TextField
        label="Owner"
        name="owner"
        defaultValue={owner ?? viewerName}
        maxLength={80}
        hint="Empty: nobody"
      />
    </FormDialog>
  )
}
