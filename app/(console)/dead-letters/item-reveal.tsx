'use client'
import { Button } from '#components/ui/button.tsx'
import { ReasonField } from '#components/ui/field.tsx'
import { plural } from '#components/ui/format.ts'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson } from '../send-json.ts'
import { fieldText } from '../settings/field-text.ts'

/** Asks for the masked values of a letter; they stand in the dialog until it is closed, and nowhere after. */
export function ItemReveal({ id, fleetId, fields }: { id: string; fleetId: string; fields: number }) {
  return (
    <FormDialog
      trigger={<Button tone="quiet">Reveal…</Button>}
      title={`Show ${fields === 1 ? 'the masked field' : `${fields} masked fields`} of this dead letter?`}
      about="You see the values once, in this dialog. The audit log and the letter’s history say that you did, and why."
      submitLabel="Show the values"
      done="Shown once; the audit log has it"
      show={(answer) => <Values answer={answer} />}
      send={(form) =>
        sendJson('POST', `/api/admin/v1/dead-letters/${id}/reveal?fleet=${encodeURIComponent(fleetId)}`, {
          reason: fieldText(form, 'reason'),
        })
      }
    >
      <ReasonField placeholder="What do you need them for?" />
    </FormDialog>
  )
}

const SIDES = ['base', 'device', 'server'] as const
type Revealed = { pointer: string } & Partial<Record<(typeof SIDES)[number], unknown>>

/** What the API answered; not trusted in its shape. */
function Values({ answer }: { answer: unknown }) {
  const { fields, op } = (answer ?? {}) as { fields?: Revealed[]; op?: unknown }
  if (fields === undefined || fields.length === 0)
    return <pre className="json">{JSON.stringify(op, null, 2)}</pre>
  return (
    <table className="d3" aria-label={plural(fields.length, 'masked field')}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Base</th>
          <th scope="col">Device</th>
          <th scope="col">Server now</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={field.pointer}>
            <th scope="row" className="mono">
              <b>{field.pointer}</b>
            </th>
            {SIDES.map((side) => (
              <td key={side} className="mono">
                {field[side] === undefined ? (
                  <span className="den">absent</span>
                ) : (
                  JSON.stringify(field[side])
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
