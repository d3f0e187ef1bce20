'use client'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { KEY_ENDS } from '../key-words.ts'
import { ALL_FLEETS, ROLE_CHOICES } from '../role-words.ts'
import { ShownOnce } from '../shown-once.tsx'

const SCOPES = [
  { value: '', label: 'The operator API' },
  { value: 'metrics', label: 'The operator API, and /metrics of every fleet' },
]

/** Makes a key by which a program comes in as somebody with this role. */
export function NewOperatorKey({
  scopes,
  everywhere,
}: {
  /** Where the reader may give roles. */
  scopes: readonly { value: string; label: string }[]
  everywhere: boolean
}) {
  return (
    <FormDialog
      trigger={<Button tone="primary">New key…</Button>}
      title="A key for a program"
      about="Whoever has it may do what its role may, until it ends or is revoked. Give each program one of its own."
      submitLabel="Make the key"
      done="The key is made"
      show={(answer) => <ShownOnce answer={answer} />}
      send={(form) => {
        const fleet = fieldText(form, 'scope')
        const ends = fieldText(form, 'ends')
        const opens = fieldText(form, 'opens')
        return sendJson('POST', '/api/admin/v1/api-keys', {
          name: fieldText(form, 'name'),
          role: fieldText(form, 'role'),
          ...(fleet === ALL_FLEETS ? {} : { fleet }),
          ...(opens === '' ? {} : { scopes: [opens] }),
          expiresInDays: ends === 'never' ? null : Number(ends),
        })
      }}
    >
      <TextField label="Name" name="name" maxLength={120} required placeholder="Nightly report" />
      <SelectField label="Fleet" name="scope" choices={scopes} />
      <SelectField label="Role" name="role" choices={ROLE_CHOICES} defaultValue="viewer" />
      {everywhere ? <SelectField label="Opens" name="opens" choices={SCOPES} /> : null}
      <SelectField label="Ends" name="ends" choices={KEY_ENDS} defaultValue="90" />
    </FormDialog>
  )
}
