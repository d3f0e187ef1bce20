'use client'
import { useState } from 'react'
import { Button, type ButtonTone } from '#components/ui/button.tsx'
import { CheckField, SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { endOf, KEY_ENDS } from '../key-words.ts'
import { EnrollmentKeyShown } from '../shown-once.tsx'

const OPENS = [
  { value: 'write', label: 'Every collection, read and write' },
  { value: 'read', label: 'Every collection, read only' },
  { value: 'some', label: 'Some collections' },
]
const LEVELS = [
  { value: '', label: 'Not opened' },
  { value: 'read', label: 'Read only' },
  { value: 'write', label: 'Read and write' },
]
/** Before a name of a collection, so that none is taken for another field. */
const FIELD = 'collection '

/** Makes a key that lets devices enroll, within the limits that it is given. */
export function NewEnrollmentKey({
  fleetId,
  fleetName,
  collections,
  tone = 'primary',
}: {
  fleetId: string
  fleetName: string
  collections: readonly string[]
  tone?: ButtonTone
}) {
  const [opens, setOpens] = useState('write')
  const [withCode, setWithCode] = useState(false)
  return (
    <FormDialog
      trigger={<Button tone={tone}>New enrollment key…</Button>}
      title={`A key that lets devices into ${fleetName}`}
      about="Whoever has it can enroll a device, until it ends or is revoked."
      submitLabel="Make the key"
      done="The key is made"
      show={(answer) => <EnrollmentKeyShown answer={answer} />}
      send={(form) => {
        const most = fieldText(form, 'maxDevices')
        const ends = withCode ? undefined : endOf(fieldText(form, 'ends'), Date.now())
        return sendJson('POST', `/api/admin/v1/enrollment-keys?fleet=${encodeURIComponent(fleetId)}`, {
          name: fieldText(form, 'name'),
          access: accessOf(form, collections),
          ...(most === '' ? {} : { maxDevices: Number(most) }),
          ...(ends == null ? {} : { expiresAtMs: ends }),
          ...(withCode ? { code: true } : {}),
        })
      }}
    >
      <TextField label="Name" name="name" maxLength={120} required placeholder="Shop 7, spring roll-out" />
      <CheckField
        label="With a short code to type; the key then ends in a day"
        checked={withCode}
        onChange={(event) => setWithCode(event.target.checked)}
      />
      {withCode ? null : <SelectField label="Ends" name="ends" choices={KEY_ENDS} defaultValue="30" />}
      <TextField
        label="Devices it may enroll"
        name="maxDevices"
        type="number"
        min={1}
        step={1}
        hint="Empty: as many as ask"
      />
      <SelectField
        label="Opens"
        name="opens"
        choices={OPENS}
        value={opens}
        onChange={(event) => setOpens(event.target.value)}
      />
      {opens === 'some'
        ? collections.map((name) => (
            <SelectField key={name} label={name} name={`${FIELD}${name}`} choices={LEVELS} />
          ))
        : null}
    </FormDialog>
  )
}

function accessOf(form: FormData, collections: readonly string[]): Record<string, string> {
  const opens = fieldText(form, 'opens')
  if (opens !== 'some') return { '*': opens }
  const levels = collections.map((name) => [name, fieldText(form, `${FIELD}${name}`)] as const)
  return Object.fromEntries(levels.filter(([, level]) => level !== ''))
}
