'use client'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/field.tsx'
import type { BreakerSettings } from '#lib/application/breakers/terms.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { fieldText } from '../../settings/field-text.ts'
import { BreakerReason } from './breaker-reason.tsx'
import { useBreakerSend } from './use-breaker-send.ts'

type Props = { fleetId: string; scope: string; name: string; version: number; settings: BreakerSettings }
type Key = Exclude<keyof BreakerSettings, 'probeWaitMs'>

/** What a person sees, and how much of the setting's unit it is. */
const FIELDS: readonly { key: Key; label: string; unit: number; min: number; max: number; step: number }[] = [
  {
    key: 'failureRateMax',
    label: 'Opens at this share of failed calls, %',
    unit: 0.01,
    min: 0.1,
    max: 100,
    step: 0.1,
  },
  { key: 'callsMin', label: 'With at least so many calls in 60 s', unit: 1, min: 1, max: 100_000, step: 1 },
  {
    key: 'slowRateMax',
    label: 'Or at this share of slow calls, %',
    unit: 0.01,
    min: 0.1,
    max: 100,
    step: 0.1,
  },
  { key: 'slowMs', label: 'A call is slow after, s', unit: 1_000, min: 0.1, max: 60, step: 0.1 },
  { key: 'openMs', label: 'Is tried again after, s', unit: 1_000, min: 1, max: 3_600, step: 1 },
  { key: 'openMsMax', label: 'Which doubles up to, s', unit: 1_000, min: 1, max: 3_600, step: 1 },
  { key: 'probes', label: 'Good trial calls that close it', unit: 1, min: 1, max: 100, step: 1 },
]
const shown = (value: number, unit: number): number => Number((value / unit).toPrecision(6))
const told = (typed: number, unit: number): number => Number((typed * unit).toPrecision(9))

/** When the breaker opens, and how it is tried: for administrators. */
export function ConfigureForm({ name, version, settings, ...place }: Props) {
  const send = useBreakerSend(place)
  return (
    <FormDialog
      trigger={<Button>Configure</Button>}
      title={`When shall ${name} open?`}
      about="In every process within two seconds. Try it against the last day first: What-if is on this page."
      submitLabel="Save"
      done="The breaker is configured"
      send={(form) =>
        send('PATCH', '/config', {
          settings: Object.fromEntries(
            FIELDS.map(({ key, unit }) => [key, told(Number(fieldText(form, key)), unit)]),
          ),
          reason: fieldText(form, 'reason'),
          version,
        })
      }
    >
      <div className="two">
        {FIELDS.map(({ key, label, unit, ...bounds }) => (
          <TextField
            key={key}
            label={label}
            name={key}
            type="number"
            defaultValue={shown(settings[key], unit)}
            required
            {...bounds}
          />
        ))}
      </div>
      <BreakerReason />
    </FormDialog>
  )
}
