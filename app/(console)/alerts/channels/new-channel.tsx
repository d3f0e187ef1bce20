'use client'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { SelectField } from '#components/ui/field.tsx'
import { CHANNEL_KINDS, type ChannelKind } from '#lib/protocol/notice.ts'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../../settings/field-text.ts'
import { ChannelFields, NEW_CHANNEL } from './channel-form.tsx'
import { commonOf, settingsOf } from './channel-fields.ts'
import { channelsUrl } from './channel-links.ts'
import { KIND_NAMES } from './channel-words.ts'
import { signingKeyShown } from './signing-key-shown.tsx'

const KINDS = CHANNEL_KINDS.map((value) => ({ value, label: KIND_NAMES[value] }))

/** Makes a channel of one of the five kinds. */
export function NewChannel({
  fleetId,
  fleetName,
  ofAll,
}: {
  fleetId: string
  fleetName: string
  /** Whether it may be told of every fleet's incidents. */
  ofAll: boolean
}) {
  const [kind, setKind] = useState<ChannelKind>('webhook')
  const fleets = [
    { value: fleetId, label: fleetName },
    ...(ofAll ? [{ value: '', label: 'every fleet' }] : []),
  ]
  return (
    <FormDialog
      trigger={<Button tone="primary">New channel…</Button>}
      title="Where shall incidents be told?"
      about="The server calls public addresses by https alone; others need an entry in TIDEMARK_EGRESS_ALLOW."
      submitLabel="Make the channel"
      done="The channel is made"
      show={signingKeyShown}
      send={(form) => {
        const fleet = fieldText(form, 'fleet')
        return sendJson('POST', channelsUrl(), {
          ...commonOf(form),
          kind,
          settings: settingsOf(kind, form, false),
          ...(fleet === '' ? {} : { fleet }),
        })
      }}
    >
      <div className="field-grid">
        <SelectField
          label="Kind"
          choices={KINDS}
          value={kind}
          onChange={(event) => setKind(event.target.value as ChannelKind)}
        />
        <SelectField label="Incidents of" name="fleet" choices={fleets} />
      </div>
      <ChannelFields kind={kind} now={NEW_CHANNEL} />
    </FormDialog>
  )
}
