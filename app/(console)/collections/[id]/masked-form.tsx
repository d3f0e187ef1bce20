'use client'
import { Button } from '#components/ui/button.tsx'
import { AreaField, ReasonField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { useBasis } from '../../use-basis.ts'

/** Changes which fields dead letters show masked; it says who sees what, so that it takes a reason. */
export function MaskedForm({
  id,
  fleetId,
  name,
  version,
  masked,
}: {
  id: string
  fleetId: string
  name: string
  version: number
  masked: readonly string[]
}) {
  const { basis, touch, saved } = useBasis(version)
  return (
    <FormDialog
      trigger={<Button>Change masked fields…</Button>}
      title={`Which fields of ${name} do dead letters mask?`}
      about="It holds at once, for letters that are here too. Operators can reveal the values of one letter with a reason."
      submitLabel="Change masked fields"
      done="The masked fields are changed"
      send={async (form) => {
        const fields = fieldText(form, 'masked')
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
        const sent = await sendJson(
          'PATCH',
          `/api/admin/v1/collections/${id}?fleet=${encodeURIComponent(fleetId)}`,
          { version: basis, masked: fields, reason: fieldText(form, 'reason') },
        )
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <div className="form" key={basis} onInput={touch}>
        <AreaField
          label="Fields, one JSON Pointer a line"
          name="masked"
          rows={6}
          defaultValue={masked.join('\n')}
          placeholder={'/reporter\n/crew/*/name'}
          hint="With all that is below them; * stands for any one name or index."
        />
        <ReasonField placeholder="Who should not see what?" />
      </div>
    </FormDialog>
  )
}
