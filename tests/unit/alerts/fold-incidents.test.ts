import { describe, expect, test } from 'vitest'
import { causeOf, type Cause, type CauseCount } from '#lib/telemetry/alerts/cause.ts'
import type { Folded } from '#lib/telemetry/alerts/fold-incidents.ts'
import { foldIncidents } from '#lib/telemetry/alerts/fold-incidents.ts'
import type { Evidence, Incident } from '#lib/telemetry/alerts/incident.ts'
import { INCIDENT_ALERTS_MAX, isActive } from '#lib/telemetry/alerts/incident.ts'
import type { GroupLabels } from '#lib/telemetry/alerts/rule.ts'
import type { Silence } from '#lib/telemetry/alerts/silence.ts'
import { silencePhase } from '#lib/telemetry/alerts/silence.ts'
import type { FiringAlert } from '#lib/telemetry/alerts/suppress.ts'
import { inhibitionCycle } from '#lib/telemetry/alerts/suppress.ts'
import { shippedRule } from '#tests/support/alert-series.ts'

const T0 = Date.UTC(2026, 5, 15)
const FLEET = '0192f0a1-0000-7000-8000-000000000001'

const alert = (name: string, group: GroupLabels = {}, over: Partial<FiringAlert> = {}): FiringAlert => ({
  rule: shippedRule(name),
  group,
  firedAtMs: T0,
  noData: false,
  isFading: false,
  summary: `${name} fires`,
  ...over,
})

const silence = (over: Partial<Silence> = {}): Silence => ({
  id: 's1',
  fleetId: FLEET,
  matchers: [{ label: 'family', comparison: 'is', values: ['sync'] }],
  comment: 'a drill',
  startsAtMs: T0,
  endsAtMs: T0 + 3_600_000,
  by: { id: 'ada', name: 'Ada' },
  createdAtMs: T0,
  endedAtMs: null,
  version: 1,
  ...over,
})

/** Evaluations one after the other: what fires in each, and under which silences. */
function history() {
  let open: readonly Incident[] = []
  let [nextNumber, made, at] = [1, 0, T0]
  const evidence = new Map<string, Evidence>()
  const told: string[] = []
  const all = new Map<string, Incident>()
  const step = (firing: readonly FiringAlert[], silences: readonly Silence[] = []): Folded => {
    at += 15_000
    const folded = foldIncidents({
      fleetId: FLEET,
      open,
      firing,
      quieting: [],
      silences,
      evidence,
      nextNumber,
      nowMs: at,
      ids: () => `id-${String((made += 1)).padStart(6, '0')}`,
    })
    nextNumber = folded.nextNumber
    for (const incident of folded.incidents) all.set(incident.id, incident)
    open = [...all.values()].filter(({ state }) => state === 'open')
    for (const { incident, state, severity } of folded.tellings)
      told.push(`${incident.number} ${state} ${severity}`)
    return folded
  }
  return { step, told, open: () => open, all: () => [...all.values()] }
}

describe('incidents', () => {
  test('[alerts] what fires on and off beside what fires for days pushes old ends out, and never what still fires', () => {
    const { step, open } = history()
    const lasting = alert('request-failures-slow')
    step([lasting])
    const joined: (string | null)[] = []
    for (let n = 0; n < INCIDENT_ALERTS_MAX + 20; n++)
      for (const firing of [[lasting, alert('resync-storm')], [lasting]])
        joined.push(...step(firing).entries.flatMap(({ kind, rule }) => (kind === 'joined' ? [rule] : [])))
    expect(new Set(joined)).toEqual(new Set(['resync-storm']))
    const [incident] = open()
    expect(incident?.alerts).toHaveLength(INCIDENT_ALERTS_MAX)
    expect(incident?.alerts.filter(isActive).map(({ rule }) => rule)).toEqual(['request-failures-slow'])
  })

  test('[alerts] what fires of one family about one part is one incident, told once, and again when it gets worse', () => {
    const { step, told, open, all } = history()
    const version = { appVersion: '2.4.1' }
    const scope = { scope: `app:${FLEET}:2.4.1` }
    step([alert('session-failures', version)])
    step([alert('session-failures', version)])
    step([alert('session-failures', version), alert('breaker-open', scope)])
    expect(open()).toHaveLength(1)
    expect(open()[0]).toMatchObject({
      group: version,
      severity: 'critical',
      title: '2.4.1: breaker-open fires',
    })
    expect(told).toEqual(['1 firing warning', '1 firing critical'])
    const { entries } = step([alert('session-failures', version)])
    expect(entries.map(({ kind, rule }) => [kind, rule])).toEqual([
      ['freed', 'session-failures'],
      ['ended', 'breaker-open'],
    ])
    step([])
    step([alert('session-failures', version)])
    expect(told).toEqual(['1 firing warning', '1 firing critical', '1 resolved critical', '2 firing warning'])
    expect(all().map(({ state }) => state)).toEqual(['resolved', 'open'])
  })

  test('[alerts] an evaluation that finds the same changes nothing', () => {
    const { step } = history()
    const same = [alert('queue-deep'), alert('breaker-open', { scope: 'engine' })]
    step(same)
    expect(step(same)).toMatchObject({ incidents: [], entries: [], tellings: [] })
  })

  test('[alerts] an open breaker inhibits the failures of its own part and of no other', () => {
    const { step, told } = history()
    const breaker = alert('breaker-open', { scope: `collection:${FLEET}:orders` })
    step([breaker, alert('request-failures-fast')])
    // A collection's breaker says nothing of the whole fleet.
    expect(told).toEqual(['1 firing critical', '2 firing critical'])
    const wide = history()
    wide.step([
      alert('breaker-open', { scope: `fleet:${FLEET}` }),
      alert('session-failures', { appVersion: '2' }),
    ])
    expect(wide.told).toEqual(['1 firing critical'])
    expect(wide.open().map(({ alerts }) => alerts[0]?.suppressedBy)).toEqual([
      null,
      { kind: 'rule', rule: 'breaker-open' },
    ])
  })

  test('[alerts] the same figure for the whole fleet inhibits that of a part; it speaks when it stands alone, unless it fades', () => {
    const { step, told } = history()
    const whole = alert('conflicts-many')
    const parts = ['orders', 'notes'].map((collection) => alert('conflicts-many', { collection }))
    step([whole, ...parts])
    expect(told).toEqual(['1 firing warning'])
    const [orders, notes] = parts as [FiringAlert, FiringAlert]
    step([orders, { ...notes, isFading: true }])
    expect(told).toEqual(['1 firing warning', '1 resolved warning', '2 firing warning'])
    step([])
    // Of what nobody was told nobody is told that it ended.
    expect(told).toHaveLength(4)
  })

  test('[alerts] a silence tells nobody that it began, and always that it ended', () => {
    const { step, told, open } = history()
    const firing = [alert('dead-letters-growing')]
    step(firing)
    step(firing, [silence()])
    expect(told).toEqual(['1 firing critical'])
    step([], [silence()])
    expect(told).toEqual(['1 firing critical', '1 resolved critical'])
    // Silenced from the first moment: when the silence ends, and it still fires, it is told.
    step(firing, [silence()])
    expect(open()[0]?.toldSeverity).toBeNull()
    expect(told).toHaveLength(2)
    step(firing, [silence({ endedAtMs: T0 })])
    expect(told[2]).toBe('2 firing critical')
  })

  test('[alerts] a maintenance window holds from its start to its end; matchers are all to match', () => {
    const window = silence({ startsAtMs: T0 + 60_000, endsAtMs: T0 + 120_000 })
    expect([0, 60_000, 119_999, 120_000].map((ms) => silencePhase(window, T0 + ms))).toEqual([
      'ahead',
      'active',
      'active',
      'over',
    ])
    const { step, told } = history()
    const orders = silence({
      matchers: [
        { label: 'rule', comparison: 'starts_with', values: ['conflicts'] },
        { label: 'collection', comparison: 'is_not', values: ['notes'] },
        { label: 'severity', comparison: 'is', values: ['warning', 'info'] },
      ],
    })
    step(
      [alert('conflicts-many', { collection: 'notes' }), alert('conflicts-many', { collection: 'orders' })],
      [orders],
    )
    expect(told).toEqual(['1 firing warning'])
  })

  test('[alerts] who took it on has it no more when it gets worse', () => {
    const { step, open } = history()
    const version = { appVersion: '2.4.1' }
    step([alert('session-failures', version)])
    const ack = { by: { id: 'ada', name: 'Ada' }, atMs: T0 }
    Object.assign(open()[0] ?? {}, { ack })
    step([alert('session-failures', version)])
    expect(open()[0]?.ack).toEqual(ack)
    step([alert('session-failures', version), alert('breaker-open', { scope: `app:${FLEET}:2.4.1` })])
    expect(open()[0]?.ack).toBeNull()
  })

  test('[alerts] rules that hold each other’s tongue are found, over any number of them', () => {
    const rule = (name: string, ...inhibitedBy: string[]) => ({ name, inhibitedBy })
    expect(inhibitionCycle([rule('a', 'b'), rule('b', 'c'), rule('c')])).toBeNull()
    expect(inhibitionCycle([rule('a', 'b'), rule('b', 'c'), rule('c', 'b')])).toEqual(['b', 'c'])
  })
})

describe('the likely cause', () => {
  const of = (
    dimension: CauseCount['dimension'],
    key: string,
    part: number,
    whole: number | null = null,
  ) => ({
    dimension,
    key,
    part,
    whole,
  })
  const found = (cause: Cause | null) =>
    cause?.findings.map(({ dimension, key }) => `${dimension} ${key}`) ?? []

  test('[alerts] is what holds most of what went wrong, and more than its share', () => {
    const versions = [of('appVersion', '2.4.1', 96, 210), of('appVersion', '2.4.0', 4, 790)]
    const codes = [of('code', 'schema_mismatch', 100), of('code', 'too_large', 0)]
    const cause = causeOf([...versions, ...codes], 'dead letters')
    expect(found(cause)).toEqual(['code schema_mismatch', 'appVersion 2.4.1'])
    expect(cause?.sentence).toBe(
      'Code schema_mismatch: 100 % of dead letters. Version 2.4.1: 96.0 % of dead letters, 21.0 % of all',
    )
  })

  test('[alerts] is not said of what has its share, of the only one, of chance, or of a few', () => {
    expect(found(causeOf([of('platform', 'ios', 60, 600), of('platform', 'android', 40, 400)], 'x'))).toEqual(
      [],
    )
    expect(found(causeOf([of('appVersion', '1', 50, 500), of('appVersion', '2', 0, 0)], 'x'))).toEqual([])
    expect(found(causeOf([of('appVersion', '1', 4, 5), of('appVersion', '2', 0, 500)], 'x'))).toEqual([])
    expect(found(causeOf([of('appVersion', '1', 3, 25), of('appVersion', '2', 3, 90)], 'x'))).toEqual([])
  })
})
