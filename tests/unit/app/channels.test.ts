import { describe, expect, it } from 'vitest'
import {
  CHANNEL_FIELDS,
  commonOf,
  SETTING,
  settingsOf,
  settingText,
  SEVERITY,
  WITHOUT,
} from '../../../app/(console)/alerts/channels/channel-fields.ts'
import {
  answerText,
  channelSentence,
  channelsSentence,
  placeText,
  stateOfChannel,
  testSentence,
  toldText,
} from '../../../app/(console)/alerts/channels/channel-words.ts'
import type { ShownChannel } from '#lib/application/notifications/channel-board.ts'
import { channelCreation } from '#lib/application/notifications/channel-input.ts'
import { SECRET_NAMES, SETTINGS } from '#lib/application/notifications/channel-settings.ts'
import { CHANNEL_KINDS, type ChannelKind, type DeliveryOutcome } from '#lib/protocol/notice.ts'

const TYPED: Readonly<Record<ChannelKind, Readonly<Record<string, string>>>> = {
  webhook: { url: 'https://hooks.example.org/t' },
  alertmanager: { url: 'https://am.example.org', authorization: 'Bearer x' },
  pagerduty: { routingKey: 'R0' },
  slack: { url: 'https://hooks.slack.com/services/x' },
  mail: {
    host: 'smtp.example.org',
    port: '587',
    tls: 'starttls',
    from: 'tidemark@example.org',
    to: 'a@example.org, b@example.org',
    user: '',
    password: 'x',
  },
}
const formOf = (kind: ChannelKind, changes: Readonly<Record<string, string>> = {}): FormData => {
  const form = new FormData()
  for (const [name, value] of Object.entries({ ...TYPED[kind], ...changes }))
    form.set(`${SETTING}${name}`, value)
  form.set('name', ' on call ')
  form.set(`${SEVERITY}critical`, 'on')
  form.set('title', '')
  form.set('body', '{{title}}')
  return form
}
const delivery = (outcome: DeliveryOutcome, changes: object = {}) =>
  ({ outcome, status: 200, detail: 'ok', tookMs: 120, atMs: 0, ...changes }) as NonNullable<
    ShownChannel['last']
  >
const channel = (changes: Partial<ShownChannel> = {}): ShownChannel => ({
  id: 'one',
  fleetId: null,
  name: 'on call',
  kind: 'webhook',
  settings: { url: 'https://hooks.example.org/t?key=1' },
  secrets: [],
  problem: null,
  severities: ['warning', 'critical'],
  template: { title: null, body: null },
  enabled: true,
  version: 1,
  createdAtMs: 0,
  changedAtMs: 0,
  last: null,
  ...changes,
})

describe('a channel in its form', () => {
  it.each(CHANNEL_KINDS)(
    '%s: every setting of the API has a field, and what is secret is known as that',
    (kind) => {
      const fields = CHANNEL_FIELDS[kind]
      expect(fields.map(({ name }) => name).sort()).toEqual(Object.keys(SETTINGS[kind].shape).sort())
      expect(fields.flatMap(({ name, secret }) => (secret ? [name] : []))).toEqual([...SECRET_NAMES[kind]])
    },
  )

  it.each(CHANNEL_KINDS)('%s: what was typed is what the API takes', (kind) => {
    const body = { ...commonOf(formOf(kind)), kind, settings: settingsOf(kind, formOf(kind), false) }
    const parsed = channelCreation.parse(body)
    expect(parsed).toMatchObject({
      name: 'on call',
      severities: ['critical'],
      template: { title: null, body: '{{title}}' },
    })
    if (parsed.kind === 'mail') expect(parsed.settings.to).toEqual(['a@example.org', 'b@example.org'])
  })

  it('of a change a secret that is left empty stays; what else is emptied is taken away', () => {
    const kept = settingsOf('mail', formOf('mail', { password: '' }), true)
    expect(kept).toMatchObject({ user: null, port: 587 })
    expect(kept).not.toHaveProperty('password')
    const form = formOf('alertmanager', { authorization: '' })
    form.set(`${WITHOUT}authorization`, 'on')
    expect(settingsOf('alertmanager', form, true)).toEqual({
      url: 'https://am.example.org',
      authorization: null,
    })
  })

  it('a setting stands in its field as it was typed, and a new one with what it usually is', () => {
    const [, port] = CHANNEL_FIELDS.mail
    const to = CHANNEL_FIELDS.mail.find(({ list }) => list)
    if (!port || !to) throw new Error('there are fields')
    expect([settingText(port, {}), settingText(port, { port: 25 })]).toEqual(['587', '25'])
    expect(settingText(to, { to: ['a@x', 'b@x'] })).toBe('a@x, b@x')
  })
})

describe('channels in words', () => {
  it('how one stands: what is known against it comes first, then that it is off, then its last try', () => {
    const words = (changes: Partial<ShownChannel>) => stateOfChannel(channel(changes)).word
    expect(words({ problem: 'x', enabled: false })).toBe('cannot send')
    expect(words({ enabled: false, last: delivery('refused') })).toBe('off')
    expect(words({})).toBe('nothing sent yet')
    expect(words({ last: delivery('retried') })).toBe('is tried again')
    expect(channelSentence(channel({ last: delivery('gave_up') }))).toBe(
      'The last message on “on call” was given up',
    )
  })

  it('the sentence counts those that are on, and says which are not well; nobody told is said', () => {
    const all = [channel({ last: delivery('delivered') }), channel({ last: delivery('refused') })]
    expect(channelsSentence(all, '')).toBe('Incidents are told on 2 channels; 1 of them is not well')
    expect(channelsSentence([channel({ enabled: false })], '')).toMatch(/^Nobody is told of incidents/)
    expect(channelsSentence([], '')).toMatch(/^Nobody is told of incidents/)
    expect(channelsSentence(all.slice(1), 'pager')).toBe('1 channel matches “pager”')
  })

  it('where it leads, without what may not be shown', () => {
    expect(placeText(channel())).toBe('hooks.example.org')
    expect(placeText(channel({ kind: 'slack', settings: {} }))).toBe('an address that is not shown')
    expect(placeText(channel({ kind: 'mail', settings: { to: ['a@x', 'b@x', 'c@x'] } }))).toBe(
      'a@x and 2 others',
    )
    expect(toldText(channel())).toBe('critical, warning')
  })

  it('a test says what the receiver answered', () => {
    expect(testSentence(delivery('delivered'))).toBe('The test was taken: 200 “ok” in 120 ms')
    expect(testSentence(delivery('refused', { status: 404, detail: 'no such hook' }))).toBe(
      'The test was refused: 404 “no such hook” in 120 ms',
    )
    expect(answerText(delivery('gave_up', { status: null, detail: 'connection refused' }))).toBe(
      'no answer in 120 ms: connection refused',
    )
  })
})
