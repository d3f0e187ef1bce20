'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { formatRound } from '#components/ui/format.ts'
import { FormDialog } from '../../../form-dialog.tsx'
import { sendJson } from '../../../send-json.ts'
import { fieldText } from '../../../settings/field-text.ts'
import type { SilenceScope } from './silence-matchers.ts'

const HOUR_MS = 3_600_000
const LENGTHS = [HOUR_MS / 2, HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS].map(
  (ms) => ({ value: String(ms), label: formatRound(ms) }),
)
const COMPARED = { is: 'is', is_not: 'is not', starts_with: 'starts with' } as const

/** Silences what fires in an incident, with what it is of filled in. */
export function SilenceIncident({ fleetId, choices }: { fleetId: string; choices: readonly SilenceScope[] }) {
  const [key, setKey] = useState(choices[0]?.key)
  const chosen = choices.find((one) => one.key === key) ?? choices[0]
  if (chosen === undefined) return null
  return (
    <FormDialog
      trigger={<Button>Silence…</Button>}
      title="Silence what fires here?"
      about="It goes on to be seen; nobody is told that it began. That it is over is told to whoever was told of it."
      submitLabel="Silence it"
      done="It is silenced within 15 s"
      send={(form) =>
        sendJson('POST', `/api/admin/v1/alerts/silences?fleet=${encodeURIComponent(fleetId)}`, {
          matchers: chosen.matchers,
          comment: fieldText(form, 'comment'),
          // The server refuses one that is past by its own clock.
          endsAt: new Date(Date.now() + Number(fieldText(form, 'length'))).toISOString(),
        })
      }
    >
      <SelectField
        label="What"
        name="what"
        choices={choices.map((one) => ({ value: one.key, label: one.label }))}
        value={chosen.key}
        onChange={(event) => setKey(event.target.value)}
        hint={chosen.matchers
          .map(({ label, comparison, values }) => `${label} ${COMPARED[comparison]} ${values.join(' or ')}`)
          .join(' and ')}
      />
      <SelectField label="For" name="length" choices={LENGTHS} defaultValue={String(HOUR_MS)} />
      <TextField label="Why" name="comment" minLength={3} maxLength={1_000} spellCheck required />
    </FormDialog>
  )
}
