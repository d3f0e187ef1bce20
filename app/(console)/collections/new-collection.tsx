'use client'
import { Button } from '#components/ui/button.tsx'
import { AreaField, SelectField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson, type Sent } from '../send-json.ts'
import { fieldText } from '../settings/field-text.ts'
import { parsedJson } from './parsed-json.ts'
import { STRATEGY_WORDS } from './strategy-words.ts'

const FIRST_SCHEMA = `{
  "type": "object",
  "required": ["title"],
  "properties": { "title": { "type": "string" } }
}`
const CHOICES = Object.entries(STRATEGY_WORDS).map(([value, says]) => ({
  value,
  label: `${value}: ${says}`,
}))

/** Makes a collection, with the first version of its schema. */
export function NewCollection({ fleetId }: { fleetId: string }) {
  return (
    <FormDialog
      trigger={<Button tone="primary">New collection…</Button>}
      title="A new collection"
      about="Devices write to it from their next contact on. Its name stays; schema and strategy can be changed."
      submitLabel="Make the collection"
      done="The collection is made"
      send={async (form): Promise<Sent> => {
        const schema = parsedJson(fieldText(form, 'schema'))
        if (!schema.ok) return { ok: false, code: 'not JSON', message: schema.message, issues: [] }
        return sendJson('POST', `/api/admin/v1/collections?fleet=${encodeURIComponent(fleetId)}`, {
          name: fieldText(form, 'name'),
          strategy: fieldText(form, 'strategy'),
          schema: schema.value,
        })
      }}
    >
      <TextField label="Name" name="name" maxLength={64} required placeholder="work-orders" />
      <SelectField
        label="Conflicts are settled by"
        name="strategy"
        choices={CHOICES}
        defaultValue="field-merge"
      />
      <AreaField
        label="Schema, JSON Schema 2020-12"
        name="schema"
        defaultValue={FIRST_SCHEMA}
        rows={9}
        required
      />
    </FormDialog>
  )
}
