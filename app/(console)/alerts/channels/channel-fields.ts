import type { ChannelKind } from '#lib/protocol/notice.ts'
import { SEVERITIES } from '#lib/protocol/notice.ts'
import { fieldText } from '../../settings/field-text.ts'

/** One setting of a kind of channel. */
export interface ChannelField {
  readonly name: string
  readonly label: string
  readonly type?: 'url' | 'number' | 'email'
  readonly choices?: readonly { readonly value: string; readonly label: string }[]
  readonly hint?: string
  readonly placeholder?: string
  /** What stands there until somebody says otherwise. */
  readonly begin?: string
  readonly optional?: true
  /** Never shown again. */
  readonly secret?: true
  /** Several, with commas between. */
  readonly list?: true
}

const TLS = [
  { value: 'starttls', label: 'STARTTLS' },
  { value: 'implicit', label: 'TLS from the start' },
  { value: 'none', label: 'none, to a host on the allowlist' },
]

/** The fields of each kind, in their order (docs/alert-channels.md). */
export const CHANNEL_FIELDS: Readonly<Record<ChannelKind, readonly ChannelField[]>> = {
  webhook: [{ name: 'url', label: 'URL', type: 'url', placeholder: 'https://hooks.example.org/tidemark' }],
  alertmanager: [
    {
      name: 'url',
      label: 'Base URL',
      type: 'url',
      placeholder: 'https://alertmanager.example.org',
      hint: '/api/v2/alerts is added',
    },
    {
      name: 'authorization',
      label: 'Authorization header',
      optional: true,
      secret: true,
      placeholder: 'Bearer …',
    },
  ],
  pagerduty: [
    { name: 'routingKey', label: 'Routing key', secret: true },
    { name: 'url', label: 'URL', type: 'url', optional: true, hint: 'empty: PagerDuty’s own' },
  ],
  slack: [
    {
      name: 'url',
      label: 'Incoming webhook’s URL',
      type: 'url',
      secret: true,
      placeholder: 'https://hooks.slack.com/services/…',
    },
  ],
  mail: [
    { name: 'host', label: 'SMTP host', placeholder: 'smtp.example.org' },
    { name: 'port', label: 'Port', type: 'number', begin: '587' },
    { name: 'tls', label: 'Encryption', choices: TLS, begin: 'starttls' },
    { name: 'from', label: 'From', type: 'email', placeholder: 'tidemark@example.org' },
    { name: 'to', label: 'To', list: true, placeholder: 'oncall@example.org', hint: 'with commas between' },
    { name: 'user', label: 'User', optional: true },
    { name: 'password', label: 'Password', optional: true, secret: true },
  ],
}

/** Before a setting's name in a form, so that none is taken for another field. */
export const SETTING = 'setting '
/** Before the name of a secret that is to be taken away. */
export const WITHOUT = 'without '
export const SEVERITY = 'severity '

type Settings = Readonly<Record<string, unknown>>

/** A setting as it stands in its field. Pure. */
export function settingText({ name, begin = '', list }: ChannelField, settings: Settings): string {
  const value = settings[name]
  if (list && Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' || typeof value === 'number' ? String(value) : begin
}

/**
 * The settings that were typed. Of a change, an empty one is taken away, and a secret that is left empty stays as it is.
 * Pure.
 */
export function settingsOf(kind: ChannelKind, form: FormData, isChange: boolean): Settings {
  return Object.fromEntries(
    CHANNEL_FIELDS[kind].flatMap((field): [string, unknown][] => {
      const { name, secret } = field
      const text = fieldText(form, `${SETTING}${name}`)
      if (text !== '') return [[name, typedSetting(field, text)]]
      if (!isChange) return []
      if (secret) return form.has(`${WITHOUT}${name}`) ? [[name, null]] : []
      return [[name, null]]
    }),
  )
}

function typedSetting({ type, list }: ChannelField, text: string): unknown {
  if (type === 'number') return Number(text)
  if (!list) return text
  return text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

/** What every kind of channel has, as it was typed. Pure. */
export function commonOf(form: FormData): Settings {
  const reason = fieldText(form, 'reason')
  const words = (name: string): string | null => fieldText(form, name) || null
  return {
    name: fieldText(form, 'name'),
    severities: SEVERITIES.filter((severity) => form.has(`${SEVERITY}${severity}`)),
    template: { title: words('title'), body: words('body') },
    ...(reason === '' ? {} : { reason }),
  }
}
