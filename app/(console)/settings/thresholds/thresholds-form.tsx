'use client'
import { TextField } from '#components/ui/field.tsx'
import { sendJson } from '../../send-json.ts'
import { Overtaken, SendForm } from '../../send-form.tsx'
import { useBasis } from '../../use-basis.ts'
import { fieldText } from '../field-text.ts'
import {
  COLLECTION_FIELDS,
  fieldValue,
  FLEET_FIELDS,
  limitText,
  typedValue,
  UNIT_WORDS,
  type ThresholdName,
  type ThresholdValues,
} from './threshold-fields.ts'

export type ThresholdsFormProps = {
  fleetId: string
  /** What stands here until somebody sets it: the defaults, or the fleet's. */
  otherwise: Readonly<Record<ThresholdName, number>>
  own: ThresholdValues
  /** The version that the form was made on. */
  version: number
  /** Null for the fleet's own. */
  collectionId: string | null
}

/** What a fleet, or one collection, is judged by. An empty field takes a limit back. */
export function ThresholdsForm({ fleetId, otherwise, own, version, collectionId }: ThresholdsFormProps) {
  const fields = collectionId === null ? FLEET_FIELDS : COLLECTION_FIELDS
  const { basis, isOvertaken, touch, saved } = useBasis(version)
  return (
    <SendForm
      submitLabel="Save thresholds"
      done="The thresholds are saved"
      primary={collectionId === null}
      send={(form) => {
        const thresholds = Object.fromEntries(
          fields.map((field) => [field.name, typedValue(field, fieldText(form, field.name))]),
        )
        return collectionId === null
          ? sendJson('PATCH', `/api/admin/v1/fleets/${fleetId}`, {
              configVersion: basis,
              settings: { thresholds },
            })
          : sendJson('PATCH', `/api/admin/v1/collections/${collectionId}?fleet=${fleetId}`, {
              version: basis,
              thresholds,
            })
      }}
      onDone={(answer) => saved(versionOf(answer))}
    >
      <div className="field-grid" key={basis} onInput={touch}>
        {fields.map((field) => {
          const value = own[field.name]
          return (
            <TextField
              key={field.name}
              name={field.name}
              label={`${field.label}, ${UNIT_WORDS[field.unit]}`}
              inputMode="decimal"
              defaultValue={value === undefined ? '' : fieldValue(field, value)}
              placeholder={fieldValue(field, otherwise[field.name])}
              pattern="[0-9]+([.][0-9]+)?"
              title="A number, such as 5 or 2.5"
              hint={`${field.judges}; ${collectionId === null ? 'by default' : 'the fleet has'} ${limitText(field, otherwise[field.name])}`}
            />
          )
        })}
      </div>
      {isOvertaken ? <Overtaken /> : null}
    </SendForm>
  )
}

/** Of a fleet or of a collection. */
function versionOf(answer: unknown): number {
  const { configVersion, version } = answer as { configVersion?: number; version?: number }
  return configVersion ?? version ?? 0
}
