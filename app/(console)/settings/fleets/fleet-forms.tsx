'use client'
import { Button } from '#components/ui/button.tsx'
import { TextField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { Overtaken, SendForm } from '../../send-form.tsx'
import { useBasis } from '../../use-basis.ts'
import { fieldText } from '../field-text.ts'

/** Makes a fleet: a tenant of its own, with no device and no collection yet. */
export function NewFleet() {
  return (
    <FormDialog
      trigger={<Button tone="primary">New fleet…</Button>}
      title="A new fleet"
      about="One application’s devices and data, apart from every other fleet’s."
      submitLabel="Make the fleet"
      done="The fleet is made"
      send={(form) => sendJson('POST', '/api/admin/v1/fleets', { name: fieldText(form, 'name') })}
    >
      <TextField label="Name" name="name" maxLength={120} required />
    </FormDialog>
  )
}

export type FleetFormProps = {
  id: string
  name: string
  configVersion: number
  intervalMs: number
  minAppVersion: string | null
  allowedOrigins: readonly string[]
}

const SECOND_MS = 1_000

/** Name, pace and who may connect. Devices hear of it with their next contact. */
export function FleetForm(props: FleetFormProps) {
  const { id, name, configVersion, intervalMs, minAppVersion, allowedOrigins } = props
  const { basis, isOvertaken, touch, saved } = useBasis(configVersion)
  return (
    <SendForm
      submitLabel="Save"
      done="Saved; devices hear of it with their next contact"
      primary={false}
      send={(form) => {
        const least = fieldText(form, 'minAppVersion')
        return sendJson('PATCH', `/api/admin/v1/fleets/${id}`, {
          configVersion: basis,
          name: fieldText(form, 'name'),
          settings: {
            intervalMs: Math.round(Number(fieldText(form, 'interval')) * SECOND_MS),
            minAppVersion: least === '' ? null : least,
            allowedOrigins: fieldText(form, 'origins')
              .split(/\s+/)
              .filter((origin) => origin !== ''),
          },
        })
      }}
      onDone={(answer) => saved((answer as { configVersion: number }).configVersion)}
    >
      <div className="form" key={basis} onInput={touch}>
        <TextField label="Name" name="name" defaultValue={name} maxLength={120} required />
        <TextField
          label="Devices sync every, seconds"
          name="interval"
          defaultValue={String(intervalMs / SECOND_MS)}
          pattern="[0-9]+([.][0-9]+)?"
          title="A number of seconds"
          inputMode="decimal"
          required
          hint="One that is silent for three times as long, and for 15 min at least, counts as offline"
        />
        <TextField
          label="Least app version"
          name="minAppVersion"
          defaultValue={minAppVersion ?? ''}
          maxLength={40}
          hint="Older ones are told to update (426). Empty: any"
        />
        <TextField
          label="Origins of web apps"
          name="origins"
          defaultValue={allowedOrigins.join(' ')}
          placeholder="https://app.example.org"
          hint="Browsers at these may call the device API; a blank between two"
        />
      </div>
      {isOvertaken ? <Overtaken /> : null}
    </SendForm>
  )
}
