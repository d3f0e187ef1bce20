'use client'
import { Button, type ButtonTone } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { endOf, KEY_ENDS } from '../key-words.ts'
import { ShownOnce } from '../shown-once.tsx'

/** Makes a key by which a program tells what another sync engine does. */
export function NewIngestKey({
  fleetId,
  fleetName,
  tone = 'primary',
}: {
  fleetId: string
  fleetName: string
  tone?: ButtonTone
}) {
  return (
    <FormDialog
      trigger={<Button tone={tone}>New ingest key…</Button>}
      title={`A key for telemetry into ${fleetName}`}
      about="All that is told by it bears the name of its source, and it opens nothing else."
      submitLabel="Make the key"
      done="The key is made"
      show={(answer) => <ShownOnce answer={answer} />}
      send={(form) => {
        const ends = endOf(fieldText(form, 'ends'), Date.now())
        return sendJson('POST', `/api/admin/v1/ingest-keys?fleet=${encodeURIComponent(fleetId)}`, {
          name: fieldText(form, 'name'),
          source: fieldText(form, 'source'),
          ...(ends == null ? {} : { expiresAtMs: ends }),
        })
      }}
    >
      <TextField
        label="Name"
        name="name"
        maxLength={120}
        required
        placeholder="Collector in the back office"
      />
      <TextField
        label="Source"
        name="source"
        required
        placeholder="powersync"
        hint="The engine that it tells of, in lower case, as lists and charts show it"
      />
      <SelectField label="Ends" name="ends" choices={KEY_ENDS} defaultValue="never" />
    </FormDialog>
  )
}
