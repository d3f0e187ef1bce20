import { describe, expect, it, test } from 'vitest'
import { silenceOf } from '../../../app/(console)/alerts/silences/silence-fields.ts'
import {
  matchersText,
  silencedText,
  silencesEvidence,
  silencesSentence,
} from '../../../app/(console)/alerts/silences/silence-words.ts'
import { createSilence, standingSilences, type StandingSilence } from '#lib/application/alerts/silences.ts'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { pushOf } from '#tests/support/alert-world.ts'
import { operatorWorld } from '#tests/support/operator-world.ts'

const NOW_MS = Date.UTC(2026, 10, 24, 14, 32)
const HOUR_MS = 3_600_000

const standing = (changes: Partial<StandingSilence> = {}): StandingSilence => ({
  id: 'one',
  fleetId: 'fleet',
  matchers: [],
  comment: 'upgrade',
  startsAtMs: NOW_MS,
  endsAtMs: NOW_MS + HOUR_MS,
  by: { id: 'ada', name: 'Ada' },
  createdAtMs: NOW_MS,
  endedAtMs: null,
  version: 1,
  phase: 'active',
  silenced: [],
  ...changes,
})

describe('silences in words', () => {
  it('what matches, with every value', () => {
    expect(
      matchersText([
        { label: 'rule', comparison: 'is', values: ['clock-skew', 'queue-deep'] },
        { label: 'appVersion', comparison: 'starts_with', values: ['2.4'] },
        {
          label: 'scope',
          comparison: 'is_not',
          values: ['engine', 'app:01890000-0000-7000-8000-000000000002:2.4.1'],
        },
      ]),
    ).toBe(
      'rule is clock-skew or queue-deep, and app version begins with 2.4, and breaker is not engine nor app 2.4.1',
    )
  })

  it('what it silences now; a coming one nothing yet', () => {
    const silenced = [
      { rule: 'version-silent', group: { appVersion: '2.4.1' } },
      { rule: 'pending-age', group: {} },
    ]
    expect(silencedText({ silenced, phase: 'active' })).toBe('version-silent for version 2.4.1 and 1 other')
    expect(silencedText({ silenced: silenced.slice(1), phase: 'active' })).toBe('pending-age')
    expect(silencedText({ silenced: [], phase: 'active' })).toBe('nothing')
    expect(silencedText({ silenced: [], phase: 'ahead' })).toBe('not yet')
  })

  it('the sentence counts what holds and what is coming; of a search what was found', () => {
    const both = [standing({ silenced: [{ rule: 'x', group: {} }] }), standing({ phase: 'ahead' })]
    expect(silencesSentence(both, 4, '')).toBe('1 silence holds; 1 is coming')
    expect(silencesSentence([], 4, '')).toBe('No silence holds')
    expect(silencesSentence(both, 1, 'by:Ada')).toBe('3 silences match “by:Ada”')
    expect(silencesEvidence(both)).toMatch(/^1 alert that fires is silenced now\./)
    expect(silencesEvidence([])).toMatch(/^Nothing that fires is silenced now\./)
  })
})

describe('a silence in its form', () => {
  const form = (begins: string): FormData => {
    const data = new FormData()
    for (const [label, comparison, values] of [
      ['rule', 'is', ' clock-skew , queue-deep,'],
      ['collection', 'is_not', 'orders'],
    ] as const) {
      data.append('label', label)
      data.append('comparison', comparison)
      data.append('values', values)
    }
    data.set('comment', ' upgrade ')
    data.set('begins', begins)
    data.set('length', String(2 * HOUR_MS))
    return data
  }

  it('begins now and lasts from then on; values stand behind each other with commas', () => {
    expect(silenceOf(form(''), NOW_MS)).toEqual({
      matchers: [
        { label: 'rule', comparison: 'is', values: ['clock-skew', 'queue-deep'] },
        { label: 'collection', comparison: 'is_not', values: ['orders'] },
      ],
      comment: 'upgrade',
      endsAt: new Date(NOW_MS + 2 * HOUR_MS).toISOString(),
    })
  })

  it('a maintenance window lasts from its own begin on, in the time zone of whoever typed it', () => {
    const startsAt = new Date('2026-12-01T02:00').toISOString()
    const endsAt = new Date(Date.parse(startsAt) + 2 * HOUR_MS).toISOString()
    expect(silenceOf(form('2026-12-01T02:00'), NOW_MS)).toMatchObject({ startsAt, endsAt })
  })
})

test('[alerts] all silences that are not over are told with what they silence now, the one that ends first before', async () => {
  const { ctx, fleet, clock } = await operatorWorld()
  const actor = { id: 'ada', name: 'Ada', kind: 'user', roles: { '*': 'operator' } } as const
  const who = { actor, fleetId: fleet }
  const at = (hours: number) => new Date(clock.now() + hours * HOUR_MS).toISOString()
  const make = (value: string, comment: string, times: object) =>
    createSilence(ctx, {
      ...who,
      body: { matchers: [{ label: 'rule', comparison: 'is', values: [value] }], comment, ...times },
    })
  await make('clock-skew', 'coming', { startsAt: at(2), endsAt: at(3) })
  await make('queue-deep', 'ends later', { endsAt: at(9) })
  await make('version-dead-letters', 'ends first', { endsAt: at(1) })
  await ctx.storage.telemetry.append(fleet, [
    { id: 'told', atMs: clock.now(), payload: pushOf(10, 30, '2.4.1') },
  ])
  await foldEvents(ctx)
  await ctx.alertRounds.run()
  const shown = await standingSilences(ctx, { ...who, q: '' })
  expect(shown.map(({ comment, phase }) => [comment, phase])).toEqual([
    ['ends first', 'active'],
    ['ends later', 'active'],
    ['coming', 'ahead'],
  ])
  expect(shown.map(({ silenced }) => silenced.map(({ rule, group }) => [rule, group]))).toEqual([
    [['version-dead-letters', { appVersion: '2.4.1' }]],
    [],
    [],
  ])
  expect(await standingSilences(ctx, { ...who, q: 'phase:ahead' })).toHaveLength(1)
})
