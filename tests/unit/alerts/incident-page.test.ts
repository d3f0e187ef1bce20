import { describe, expect, test } from 'vitest'
import {
  pastMarks,
  pastNotes,
  pastSentence,
} from '../../../app/(console)/alerts/incidents/[id]/past-words.ts'
import { toldSentence, toldStanding } from '../../../app/(console)/alerts/incidents/[id]/told-words.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { incidentHold } from '#lib/application/alerts/incident-hold.ts'
import { incidentPast } from '#lib/application/alerts/incident-past.ts'
import { previewRule } from '#lib/application/alerts/preview-rule.ts'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { appScope, fleetScope } from '#lib/application/breakers/scopes.ts'
import type { Override } from '#lib/engine/breaker/override.ts'
import type { StoredControl } from '#lib/storage/ports.ts'
import { addFleet, testClock } from '#tests/support/access-world.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { NOTES_SCHEMA } from '#tests/support/device-world.ts'
import { alertWorld, pushOf, resolvedIncident } from '#tests/support/alert-world.ts'

const MINUTE_MS = 60_000
const actor = { kind: 'user', id: 'u', name: 'night ops', roles: { '*': 'viewer' } } as const

/** A fleet whose incident began a few minutes ago. */
async function burning(deadEach = 2) {
  const world = alertWorld()
  const fleetId = await addFleet(world.ctx, 'Airfield US')
  let dead = 0
  const sync = () => world.tell(fleetId, pushOf(4, dead, dead > 0 ? '2.4.1' : '2.4.0'))
  await world.pass(20 * MINUTE_MS, sync)
  dead = deadEach
  await world.pass(5 * MINUTE_MS, sync)
  const open = await world.storage.alerts.incidents(fleetId, 'open', { limit: 9, cursor: null })
  const incident = open.items.find(({ alerts }) => alerts[0]?.rule === 'dead-letters-growing')
  if (!incident) throw new Error('no incident')
  return { world, fleetId, incident, stop: () => (dead = 0), sync }
}

describe('[issue 8] the figure of an incident over time', () => {
  test('by the minute from an hour before: quiet, over its bound when it was opened, and as it is now', async () => {
    const { world, incident } = await burning()
    const past = await incidentPast(world.ctx, { actor, incident })
    expect(past).toMatchObject({ stepMs: MINUTE_MS, ruleChanged: false, group: {} })
    const { points, fromMs, toMs, worst } = past!
    expect(incident.openedAtMs - fromMs).toBeGreaterThanOrEqual(60 * MINUTE_MS)
    expect(toMs).toBeGreaterThanOrEqual(world.clock.now())
    // Before the fleet was heard nothing is known, which is not nothing.
    expect(points[0]?.value).toBeNull()
    expect(points.findLast(({ atMs }) => atMs <= incident.openedAtMs - 10 * MINUTE_MS)?.value).toBe(0)
    const last = points.at(-1)
    // Four looks a minute, each with two.
    expect(last).toMatchObject({ value: 5 * 4 * 2, bound: 5 })
    expect(worst).toBe(40)
    expect(pastSentence(past!, false)).toBe('Dead letters grow: 40 now, fires over 5')
    const passed = points.findIndex(({ value, bound }) => value !== null && bound !== null && value > bound)
    expect(Math.abs((points[passed]?.atMs ?? 0) - incident.openedAtMs)).toBeLessThanOrEqual(MINUTE_MS)
  })

  test('of one that is over, until half an hour later, with the worst that it came to', async () => {
    const { world, fleetId, incident, stop, sync } = await burning()
    stop()
    await world.pass(90 * MINUTE_MS, sync)
    const over = await world.storage.alerts.incident(fleetId, incident.id)
    const past = await incidentPast(world.ctx, { actor, incident: over! })
    expect(past!.toMs - over!.resolvedAtMs!).toBeLessThanOrEqual(31 * MINUTE_MS)
    expect(past!.toMs).toBeLessThan(world.clock.now())
    expect(past!.points.at(-1)?.value).toBe(0)
    expect(pastSentence(past!, true)).toBe(`Dead letters grow: ${past!.worst} at its worst, fires over 5`)
    expect(past!.worst).toBeGreaterThan(20)
  })

  test('none where the rule is gone, or its past is not kept; a stranger sees nothing', async () => {
    const { world, incident } = await burning()
    const of = { ...incident, alerts: incident.alerts.map((one) => ({ ...one, rule: 'gone' })) }
    expect(await incidentPast(world.ctx, { actor, incident: of })).toBeNull()
    const breaker = { ...incident.alerts[0]!, rule: 'breaker-open', group: { scope: 'engine' } }
    expect(await incidentPast(world.ctx, { actor, incident: { ...incident, alerts: [breaker] } })).toBeNull()
    const stranger = { ...actor, roles: {} }
    const asked = incidentPast(world.ctx, { actor: stranger, incident })
    await expect(asked).rejects.toMatchObject({ tidemarkCode: 'not_found' })
  })

  test('a collection is judged by the bound that it has itself, and so it is in a preview', async () => {
    const world = alertWorld()
    const fleetId = await addFleet(world.ctx, 'Airfield US')
    const body = {
      name: 'strikes',
      strategy: 'field-merge',
      schema: NOTES_SCHEMA,
      thresholds: { conflictFriction: 0.3 },
    }
    await createCollection(world.ctx, { actor: SYSTEM, fleetId, body })
    await world.pass(10 * MINUTE_MS, () => world.tell(fleetId, pushOf(30)))
    const rule = shippedRule('conflicts-many')
    const alert = {
      rule: rule.name,
      severity: rule.severity,
      group: { collection: 'strikes' },
      startedAtMs: world.clock.now(),
      endedAtMs: null,
      noData: false,
      summary: '',
      suppressedBy: null,
    }
    const incident = { fleetId, alerts: [alert], openedAtMs: world.clock.now(), resolvedAtMs: null }
    const past = await incidentPast(world.ctx, { actor, incident })
    expect(past?.points.at(-1)).toMatchObject({ bound: 0.3 })
    const preview = await previewRule(world.ctx, { actor: SYSTEM, fleetId, body: { rule, days: 1 } })
    expect(preview.past?.points.at(-1)?.bound).toBe(0.3)
  })

  test('in words: what is not known is said, and which bound judges', () => {
    const rule = shippedRule('request-failures-fast')
    const point = { atMs: 0, value: null, bound: null }
    expect(pastSentence({ rule, points: [], worst: null }, false)).toMatch(/: not known now$/)
    expect(pastSentence({ rule, points: [point], worst: null }, true)).toMatch(/how bad it was is not known$/)
    expect(pastNotes({ rule, stepMs: 300_000, ruleChanged: true })).toMatch(
      /^Each point is the 1 h up to it, one for every 5 min\. The rule was changed since/,
    )
    const ack = { by: { id: 'u', name: 'x' }, atMs: 5 }
    const release = { atMs: 3, kind: 'release', what: '2.4.1', count: 1 } as const
    expect(
      pastMarks({ annotations: [release] }, { openedAtMs: 4, resolvedAtMs: 9, ack }).map(({ word }) => word),
    ).toEqual(['release 2.4.1', 'opened', 'taken on', 'over'])
  })
})

describe('[issue 8] what people hold of what an incident is about', () => {
  const NOW_MS = Date.UTC(2026, 5, 15, 10)
  const FLEET = '01890000-0000-7000-8000-000000000001'
  const override = (changes: Partial<Override> = {}): Override => ({
    id: 'o',
    kind: 'forced_open',
    reason: 'waits for 2.4.2',
    by: { id: 'n', name: 'night ops' },
    askedAtMs: NOW_MS - 2 * MINUTE_MS,
    startsAtMs: NOW_MS - 2 * MINUTE_MS,
    expiresAtMs: NOW_MS + 60 * MINUTE_MS,
    approval: { untilMs: NOW_MS, by: { id: 'd', name: 'day ops' }, atMs: NOW_MS - MINUTE_MS },
    breakGlass: false,
    endedAtMs: null,
    ...changes,
  })
  const held = (scope: string, one: Override) => {
    const control = { scope, version: 1, revision: 1, overrides: [one] } as unknown as StoredControl
    return { of: (asked: string) => (asked === scope ? control : null) }
  }
  const incident = { ...resolvedIncident(FLEET, 'i'), state: 'open' as const }
  const hold = (overrides: ReturnType<typeof held>, group = {}, state: 'open' | 'resolved' = 'open') =>
    incidentHold(
      { overrides, clock: testClock(NOW_MS) },
      { actor, incident: { ...incident, state, group }, impact: { appVersion: '2.4.1', collection: null } },
    )

  test('of its version, since it was agreed to, until it ends; of no other, and of none that is over', () => {
    const app = held(appScope(FLEET, '2.4.1'), override())
    expect(hold(app)).toMatchObject({
      kind: 'forced_open',
      by: 'night ops',
      sinceMs: NOW_MS - MINUTE_MS,
      endsAtMs: NOW_MS + 60 * MINUTE_MS,
    })
    expect(hold(app, {}, 'resolved')).toBeNull()
    expect(hold(held(appScope(FLEET, '2.4.0'), override()))).toBeNull()
    expect(hold(held(fleetScope(FLEET), override()))).toMatchObject({ scope: fleetScope(FLEET) })
    expect(hold(held(fleetScope(FLEET), override({ endedAtMs: NOW_MS - 1 })))).toBeNull()
    expect(hold(held('engine', override()), { scope: 'engine' })).toMatchObject({ scope: 'engine' })
  })
})

describe('[issue 8] whether anybody knows of an incident', () => {
  const told = (seq: number, toldSeq: number, dueAtMs: number | null, outcome?: 'retried' | 'refused') => ({
    channel: { enabled: true },
    notification: {
      id: 'n',
      channelId: 'c',
      rule: 'r',
      severity: 'critical' as const,
      openedAtMs: 0,
      changedAtMs: 0,
      seq,
      toldSeq,
      items: 1,
      collecting: false,
      dueAtMs,
      attempts: 0,
      lease: null,
      closedAtMs: null,
    },
    last:
      outcome === undefined
        ? null
        : {
            id: 'd',
            channelId: 'c',
            notificationId: 'n',
            atMs: 0,
            seq,
            attempt: 1,
            outcome,
            status: 500,
            detail: '',
            tookMs: 12,
            firing: 1,
            resolved: 0,
            rule: 'r',
            title: 't',
          },
  })

  test('taken, not tried yet, tried again, given up, and off', () => {
    const all = [told(1, 1, null), told(1, 0, 5), told(2, 1, 5, 'retried'), told(1, 0, null, 'refused')]
    expect(all.map((one) => toldStanding(one).words)).toEqual([
      'took it',
      'is told in a moment',
      'did not take it yet, and is tried again: 500 in 12 ms',
      'was given up: 500 in 12 ms',
    ])
    expect(toldStanding({ ...told(2, 1, 5), channel: { enabled: false } }).kind).toBe('held')
    expect(toldSentence(all, false)).toBe('1 of 4 channels took it')
    expect(toldSentence(all.slice(1, 2), false)).toBe('The channel has not taken it yet')
    expect(toldSentence(all.slice(1), false)).toBe('None of 3 channels has taken it yet')
    expect(toldSentence([], false)).toBe('Nobody was called: it went to no channel')
    expect(toldSentence([], true)).toMatch(/kept silent/)
    expect(toldSentence(all.slice(0, 1), false)).toBe('The channel took it')
  })
})
