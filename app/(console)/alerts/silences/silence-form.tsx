'use client'
import { useState, type ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { SelectField, TextField } from '#components/ui/field.tsx'
import { MATCHED_LABELS, type Matcher } from '#lib/application/alerts/terms.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { LENGTH_DEFAULT, LENGTHS, silenceOf } from './silence-fields.ts'
import { COMPARISON_WORDS, LABEL_WORDS } from './silence-words.ts'

export type NewSilenceProps = {
  fleetId: string
  /** The button that opens it. */
  trigger: ReactNode
  /** What it begins with; all of them have to match. */
  matchers?: readonly Matcher[]
}

const LABELS = MATCHED_LABELS.map((value) => ({ value, label: LABEL_WORDS[value] }))
const COMPARISONS = Object.entries(COMPARISON_WORDS).map(([value, label]) => ({ value, label }))
const MATCHERS_MAX = 10
const ANY_RULE: Matcher = { label: 'rule', comparison: 'is', values: [] }

/** Silences what matches for a time, from now on or later. */
export function NewSilence({ fleetId, trigger, matchers = [ANY_RULE] }: NewSilenceProps) {
  return (
    <FormDialog
      trigger={trigger}
      title="What shall nobody be told of?"
      about="What matches goes on to be seen, and nobody is told that it began. One that begins later is a maintenance window."
      submitLabel="Silence it"
      done="The silence is made"
      send={(form) =>
        sendJson(
          'POST',
          `/api/admin/v1/alerts/silences?fleet=${encodeURIComponent(fleetId)}`,
          silenceOf(form, Date.now()),
        )
      }
    >
      <Matchers begin={matchers} />
      <TextField
        label="Comment, for the next shift"
        name="comment"
        minLength={3}
        maxLength={1_000}
        required
      />
      <div className="field-grid">
        <TextField label="Begins" name="begins" type="datetime-local" hint="empty: now. In your time zone" />
        <SelectField label="Lasts" name="length" choices={LENGTHS} defaultValue={LENGTH_DEFAULT} />
      </div>
    </FormDialog>
  )
}

function Matchers({ begin }: { begin: readonly Matcher[] }) {
  const [rows, setRows] = useState(() => begin.map((matcher, key) => ({ key, matcher })))
  const nextKey = rows.reduce((most, { key }) => Math.max(most, key + 1), 0)
  return (
    <fieldset className="steps">
      <legend>All of these have to match</legend>
      {rows.map(({ key, matcher }, index) => (
        <div className="step" key={key}>
          <SelectField
            label={`What ${index + 1}`}
            name="label"
            choices={LABELS}
            defaultValue={matcher.label}
          />
          <SelectField
            label="How"
            name="comparison"
            choices={COMPARISONS}
            defaultValue={matcher.comparison}
          />
          <TextField
            label={`Value ${index + 1}`}
            name="values"
            required
            maxLength={1_000}
            defaultValue={matcher.values.join(', ')}
            placeholder="conflicts-many, clock-skew"
            title="One, or several with commas between"
          />
          {rows.length === 1 ? null : (
            <Button
              tone="quiet"
              aria-label={`Leave out ${index + 1}`}
              onClick={() => setRows(rows.filter((one) => one.key !== key))}
            >
              Leave out
            </Button>
          )}
        </div>
      ))}
      {rows.length === MATCHERS_MAX ? null : (
        <div>
          <Button onClick={() => setRows([...rows, { key: nextKey, matcher: ANY_RULE }])}>And also</Button>
        </div>
      )}
    </fieldset>
  )
}
