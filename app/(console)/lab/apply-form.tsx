'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ReasonField, SelectField } from '#components/ui/field.tsx'
import { plural } from '#components/ui/format.ts'
import type { LabRow } from '#lib/application/lab/lab-board.ts'
import { FormDialog } from '../form-dialog.tsx'
import { placeWords } from '../conflicts/desk-words.ts'
import { sendJson } from '../send-json.ts'
import { fieldText } from '../settings/field-text.ts'
import { useBasis } from '../use-basis.ts'
import { wayWords } from './lab-words.ts'

export type ApplyFormProps = {
  fleetId: string
  collectionId: string
  name: string
  version: number
  /** As they are set now. */
  fieldStrategies: Readonly<Record<string, string>>
  /** Without the present settings. */
  rows: readonly Pick<LabRow, 'id' | 'settings' | 'counts' | 'differs' | 'isCheapest' | 'isNow'>[]
}

/** Sets the collection to one of the ways that were replayed, with what would have come out otherwise. */
export function ApplyForm({
  fleetId,
  collectionId,
  name,
  version,
  fieldStrategies: now,
  rows,
}: ApplyFormProps) {
  const { basis, saved } = useBasis(version)
  const [id, setId] = useState((rows.find(({ isCheapest }) => isCheapest) ?? rows[0])?.id ?? '')
  const picked = rows.find((row) => row.id === id)
  if (picked === undefined) return null
  return (
    <FormDialog
      trigger={<Button>Apply one…</Button>}
      title={`How are conflicts of ${name} settled from now on?`}
      about="What was decided stays. Devices hear of it with their next contact."
      submitLabel="Apply"
      done="The strategy is changed"
      send={async (form) => {
        const { strategy, tieRule, fieldStrategies } = picked.settings
        const sent = await sendJson(
          'PATCH',
          `/api/admin/v1/collections/${collectionId}?fleet=${encodeURIComponent(fleetId)}`,
          { version: basis, strategy, tieRule, fieldStrategies, reason: fieldText(form, 'reason') },
        )
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <SelectField
        label="Settle by"
        name="way"
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        choices={rows.map((row) => ({ value: row.id, label: wayWords(row) }))}
      />
      <p role="status">
        {differsLine(picked)} {fieldsLine(now, picked.settings.fieldStrategies)}
      </p>
      <ReasonField placeholder="What goes wrong with the present one?" />
    </FormDialog>
  )
}

/** Which fields would be settled as the rest of the record from then on; empty for none. Pure. */
export function fieldsLine(
  now: Readonly<Record<string, string>>,
  next: Readonly<Record<string, string>>,
): string {
  const lost = Object.keys(now).filter((place) => !Object.hasOwn(next, place))
  if (lost.length === 0) return ''
  return `${plural(lost.length, 'field')} would lose the strategy of ${lost.length === 1 ? 'its' : 'their'} own: ${lost
    .map((place) => `${placeWords(place)} (${now[place] ?? ''})`)
    .join(', ')}. To keep ${lost.length === 1 ? 'it' : 'them'}, try other settings first and apply those.`
}

/** What a change would have meant for those that were replayed. Pure. */
export const differsLine = ({ counts, differs }: Pick<LabRow, 'counts' | 'differs'>): string =>
  `Of ${plural(counts.conflicts, 'conflict')} that were replayed ${
    differs.conflicts === 0 ? 'none' : differs.conflicts.toLocaleString('en')
  } would have come out otherwise: ${plural(counts.lostUpdates, 'lost update')}, ${plural(
    counts.manual,
    'question',
  )} to a person.`
