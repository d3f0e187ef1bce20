'use client'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/field.tsx'
import type { LabBoard } from '#lib/application/lab/lab-board.ts'
import { FormDialog } from '../form-dialog.tsx'
import { sendJson } from '../send-json.ts'
import { useBasis } from '../use-basis.ts'
import { WEIGHT_WORDS } from './weight-words.ts'

export type WeightsFormProps = {
  fleetId: string
  collectionId: string
  name: string
  stored: LabBoard['weights']
}

/** What things cost the collection, in a unit of its own. */
export function WeightsForm({ fleetId, collectionId, name, stored }: WeightsFormProps) {
  const { basis, touch, saved } = useBasis(stored.version)
  return (
    <FormDialog
      trigger={<Button>Weights…</Button>}
      title={`What does it cost ${name}?`}
      about="In one unit of your own choice, such as euros. The costs of the table are made by these at once, also of earlier runs."
      submitLabel="Save weights"
      done="The weights are saved"
      send={async (form) => {
        const weights = Object.fromEntries(
          WEIGHT_WORDS.map(({ key }) => [key, Number(form.get(key))] as const),
        )
        const sent = await sendJson(
          'PATCH',
          `/api/admin/v1/collections/${collectionId}/lab-weights?fleet=${encodeURIComponent(fleetId)}`,
          { weights, version: basis },
        )
        if (sent.ok) saved((sent.body as { version: number }).version)
        return sent
      }}
    >
      <div className="form" key={basis} onInput={touch}>
        {WEIGHT_WORDS.map(({ key, label, hint }) => (
          <TextField
            key={key}
            label={label}
            hint={hint}
            name={key}
            type="number"
            min="0"
            step="any"
            required
            defaultValue={String(stored.weights[key])}
          />
        ))}
      </div>
    </FormDialog>
  )
}
