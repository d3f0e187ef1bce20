'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { KEY_ENDS } from '../key-words.ts'
import { ALL_FLEETS, ROLE_CHOICES } from '../role-words.ts'
import { ShownOnce } from '../shown-once.tsx'
import { opensChoices } from './operator-key-words.ts'

/** Makes a key by which a program comes in as somebody with this role. */
export function NewOperatorKey({
  scopes,
}: {
  /** Where the reader may give roles. */
  scopes: readonly { value: string; label: string }[]
}) {
  const first = scopes[0]?.value ?? ''
  const [scope, setScope] = useState(first)
  const opens = opensChoices(scope)
  return (
    <FormDialog
      trigger={<Button tone="primary">New key…</Button>}
      title="A key for a program"
      about="Whoever has it may do what its role may, until it ends or is revoked. Give each program one of its own."
      submitLabel="Make the key"
      done="The key is made"
      onClosed={() => setScope(first)}
      show={(answer) => <ShownOnce answer={answer} />}
      send={(form) => {
        const fleet = fieldText(form, 'scope')
        const ends = fieldText(form, 'ends')
        const opened = fieldText(form, 'opens')
        return sendJson('POST', '/api/admin/v1/api-keys', {
          name: fieldText(form, 'name'),
          role: fieldText(form, 'role'),
          ...(fleet === ALL_FLEETS ? {} : { fleet }),
          ...(opened === '' ? {} : { scopes: [opened] }),
          expiresInDays: ends === 'never' ? null : Number(ends),
        })
      }}
    >
      <TextField label="Name" name="name" maxLength={120} required placeholder="Nightly report" />
      <SelectField
        label="Fleet"
        name="scope"
        choices={scopes}
        value={scope}
        onChange={({ target }) => setScope(target.value)}
      />
      <SelectField label="Role" name="role" choices={ROLE_CHOICES} defaultValue="viewer" />
      {opens.length > 0 ? <SelectField label="Opens" name="opens" choices={opens} /> : null}
      <SelectField label="Ends" name="ends" choices={KEY_ENDS} defaultValue="90" />
    </FormDialog>
  )
}
