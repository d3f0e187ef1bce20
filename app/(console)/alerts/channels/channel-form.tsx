import { AreaField, CheckField, SelectField, TextField } from '#components/ui/field.tsx'
import type { ChannelKind, Severity } from '#lib/protocol/notice.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { SEVERITY_WORDS } from '../rules/rule-words.ts'
import {
  CHANNEL_FIELDS,
  SETTING,
  settingText,
  SEVERITY,
  WITHOUT,
  type ChannelField,
} from './channel-fields.ts'

export type ChannelNow = {
  name: string
  settings: Readonly<Record<string, unknown>>
  /** Names of the secrets that are set. */
  secrets: readonly string[]
  severities: readonly Severity[]
  template: { readonly title: string | null; readonly body: string | null }
}

/** Of a channel that is to be made. */
export const NEW_CHANNEL: ChannelNow = {
  name: '',
  settings: {},
  secrets: [],
  severities: ['warning', 'critical'],
  template: { title: null, body: null },
}

/** The fields of a channel of one kind; what is secret of it stays empty. */
export function ChannelFields({ kind, now }: { kind: ChannelKind; now: ChannelNow }) {
  return (
    <>
      <TextField
        label="Name"
        name="name"
        defaultValue={now.name}
        maxLength={120}
        required
        placeholder="on call"
      />
      <div className="field-grid" key={kind}>
        {CHANNEL_FIELDS[kind].map((field) => (
          <Setting key={field.name} field={field} now={now} />
        ))}
      </div>
      <fieldset className="steps">
        <legend>Told of</legend>
        {SEVERITIES.map((severity) => (
          <CheckField
            key={severity}
            label={SEVERITY_WORDS[severity]}
            name={`${SEVERITY}${severity}`}
            defaultChecked={now.severities.includes(severity)}
          />
        ))}
      </fieldset>
      <details>
        <summary>Words of your own</summary>
        <TextField
          label="Title"
          name="title"
          defaultValue={now.template.title ?? ''}
          hint={'empty: ours. {{title}}, {{severity}}, {{fleet}}, {{open}}, {{link}} stand for what there is'}
        />
        <AreaField label="Text" name="body" rows={4} defaultValue={now.template.body ?? ''} />
      </details>
      <TextField label="Reason" name="reason" maxLength={1_000} hint="for the audit log, if there is one" />
    </>
  )
}

function Setting({ field, now }: { field: ChannelField; now: ChannelNow }) {
  const { name, label, choices, type = 'text', optional = false, secret = false, hint, placeholder } = field
  const isSet = secret && now.secrets.includes(name)
  const about = { label, name: `${SETTING}${name}` }
  if (choices !== undefined)
    return <SelectField {...about} choices={choices} defaultValue={settingText(field, now.settings)} />
  return (
    <div>
      <TextField
        {...about}
        type={secret && type === 'text' ? 'password' : type}
        autoComplete={secret ? 'new-password' : 'off'}
        required={!optional && !isSet}
        defaultValue={secret ? '' : settingText(field, now.settings)}
        placeholder={isSet ? 'set, and not shown' : placeholder}
        hint={isSet ? 'empty: it stays as it is' : secret ? 'never shown again' : hint}
      />
      {isSet && optional ? (
        <CheckField label={`Without ${label.toLowerCase()}`} name={`${WITHOUT}${name}`} />
      ) : null}
    </div>
  )
}
