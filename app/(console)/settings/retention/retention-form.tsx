'use client'
import { Button } from '#components/ui/button.tsx'
import { ReasonField, TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { useBasis } from '../../use-basis.ts'
import { fieldText } from '../field-text.ts'

/** Changes how long sessions and events are kept; dangerous, since what goes does not come back. */
export function RetentionForm({
  sessionsDays,
  eventsDays,
  version,
}: {
  sessionsDays: number
  eventsDays: number
  version: number
}) {
  const { basis, touch, saved } = useBasis(version)
  return (
    <FormDialog
      trigger={<Button>Change retention…</Button>}
      title="How long are sessions and events kept?"
      about="A shorter time takes what is older away within the hour, in every fleet, for good."
      submitLabel="Change retention"
      done="The retention is changed"
      send={async (form) => {
        const sent = await sendJson('PATCH', '/api/admin/v1/retention', {
          version: basis,
          sessionsDays: Number(fieldText(form, 'sessionsDays')),
          eventsDays: Number(fieldText(form, 'eventsDays')),
          reason: fieldText(form, 'reason'),
        })
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <div className="form" key={basis} onInput={touch}>
        <TextField
          label="Sessions, days"
          name="sessionsDays"
          type="number"
          min={2}
          max={3650}
          step={1}
          defaultValue={sessionsDays}
          required
        />
        <TextField
          label="Telemetry events, days"
          name="eventsDays"
          type="number"
          min={2}
          max={400}
          step={1}
          defaultValue={eventsDays}
          hint="Without its events a range cannot be folded again"
          required
        />
        <ReasonField />
      </div>
    </FormDialog>
  )
}
