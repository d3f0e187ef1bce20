import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AlertCommit, StoredRule } from '#lib/storage/ports.ts'
import type { Incident, IncidentEntry } from '#lib/telemetry/alerts/incident.ts'
import type { Silence } from '#lib/telemetry/alerts/silence.ts'
import { shippedRule } from '#tests/support/alert-series.ts'
import { resolvedIncident } from '#tests/support/alert-world.ts'
import { audit, BACKENDS, makeFleet, NOW_MS, opened } from './world.ts'

describe.each(BACKENDS)('alerts over $name', (backend) => {
  const current = opened(backend)
  const by = { id: 'ada', name: 'Ada\0' }
  const openIncident = (fleetId: string, over: Partial<Incident> = {}): Incident =>
    resolvedIncident(fleetId, randomUUID(), {
      state: 'open',
      resolvedAtMs: null,
      openedAtMs: NOW_MS,
      ...over,
    })
  const entryOf = (incidentId: string, atMs: number): IncidentEntry => ({
    id: randomUUID(),
    incidentId,
    atMs,
    kind: 'opened',
    rule: 'queue-deep',
    severity: 'warning',
    text: 'line\n2',
    by: null,
  })
  const commitOf = (revision: number, over: Partial<AlertCommit> = {}): AlertCommit => ({
    next: { revision, evaluatedAtMs: NOW_MS, states: [] },
    incidents: [],
    entries: [],
    notices: [],
    ...over,
  })
  const silenceOf = (fleetId: string, over: Partial<Silence> = {}): Silence => ({
    id: randomUUID(),
    fleetId,
    matchers: [{ label: 'rule', comparison: 'is', values: ['queue-deep'] }],
    comment: 'a drill',
    startsAtMs: NOW_MS,
    endsAtMs: NOW_MS + 60_000,
    by,
    createdAtMs: NOW_MS,
    endedAtMs: null,
    version: 1,
    ...over,
  })

  it('keeps rules by name and version, as many as fit', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const stored: StoredRule = {
      fleetId,
      rule: { ...shippedRule('queue-deep'), enabled: false },
      version: 1,
      changedAtMs: NOW_MS,
      changedBy: by,
    }
    expect(await storage.alerts.saveRule({ ...stored, version: 2 }, 9, audit())).toBe('stale')
    expect(await storage.alerts.saveRule(stored, 9, audit())).toBe('saved')
    expect(await storage.alerts.saveRule(stored, 9, audit())).toBe('stale')
    const next = { ...stored, version: 2, rule: shippedRule('queue-deep') }
    expect(await storage.alerts.saveRule(next, 1, audit())).toBe('saved')
    const other = { ...stored, rule: shippedRule('clock-skew') }
    expect(await storage.alerts.saveRule(other, 1, audit())).toBe('full')
    expect(await storage.alerts.saveRule({ ...other, version: 3 }, 9, audit())).toBe('stale')
    expect(await storage.alerts.rules(fleetId)).toEqual([next])
    expect(await storage.alerts.removeRule(fleetId, 'queue-deep', 1, audit())).toBe('stale')
    expect(await storage.alerts.removeRule(fleetId, 'queue-deep', 2, audit())).toBe('removed')
    expect(await storage.alerts.rules(fleetId)).toEqual([])
    expect(await storage.alerts.rules((await makeFleet(storage)).id)).toEqual([])
  })

  it('writes an evaluation whole or not at all: a second one of the same revision, or a person, was faster', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const incident = openIncident(fleetId)
    const entries = [entryOf(incident.id, NOW_MS)]
    const tracked = {
      held: { kind: 'pending' as const, sinceMs: NOW_MS },
      blindSinceMs: null,
      seenMs: NOW_MS,
    }
    const states = [{ rule: 'queue-deep', by: 'fleet' as const, key: '', tracked }]
    const first = {
      ...commitOf(1, { incidents: [incident], entries }),
      next: { revision: 1, evaluatedAtMs: NOW_MS, states },
    }
    expect(await storage.alerts.commit(fleetId, commitOf(2))).toBe('stale')
    expect(await storage.alerts.commit(fleetId, first)).toBe('committed')
    expect(await storage.alerts.commit(fleetId, first)).toBe('stale')
    expect(await storage.alerts.input(fleetId, NOW_MS)).toMatchObject({
      revision: 1,
      evaluatedAtMs: NOW_MS,
      states,
      rules: [],
      open: [incident],
      silences: [],
      nextNumber: 2,
      oldestUnresolvedMs: null,
    })
    const acked = await storage.alerts.changeIncident(fleetId, incident.id, (found) => ({
      next: { ...found, ack: { by, atMs: NOW_MS }, version: 2 },
      entries: [],
      notices: [],
      audit: audit(),
    }))
    expect(acked).toMatchObject({ version: 2 })
    // The evaluation read it before: it would take the acknowledgement away.
    const late = commitOf(2, {
      incidents: [{ ...incident, version: 2 }],
      entries: [entryOf(incident.id, NOW_MS + 1)],
    })
    expect(await storage.alerts.commit(fleetId, late)).toBe('stale')
    expect((await storage.alerts.entries(fleetId, incident.id, { limit: 9, cursor: null })).items).toEqual(
      entries,
    )
    expect(await storage.alerts.incident(fleetId, incident.id)).toEqual(acked)
    expect(await storage.alerts.openIncidents(fleetId)).toEqual({ open: 1, unread: 0, critical: 1 })
    expect(
      await storage.alerts.changeIncident(fleetId, randomUUID(), () => {
        throw new Error('never')
      }),
    ).toBeNull()
    const mark = await storage.alerts.mark(fleetId)
    const resolved = { ...incident, state: 'resolved' as const, resolvedAtMs: NOW_MS + 2, version: 3 }
    expect(await storage.alerts.commit(fleetId, commitOf(2, { incidents: [resolved] }))).toBe('committed')
    expect(await storage.alerts.mark(fleetId)).not.toBe(mark)
    expect((await storage.alerts.input(fleetId, NOW_MS)).nextNumber).toBe(2)
  })

  it('lists incidents and what happened, newest first, page by page', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const incidents = [0, 1, 2].map((n) =>
      resolvedIncident(fleetId, randomUUID(), { number: n + 1, openedAtMs: NOW_MS + n, subject: `s${n}` }),
    )
    const entries = [0, 1, 2].map((n) => entryOf(incidents[0]?.id ?? '', NOW_MS + n))
    await storage.alerts.commit(fleetId, commitOf(1, { incidents, entries }))
    const first = await storage.alerts.incidents(fleetId, null, { limit: 2, cursor: null })
    expect(first.items).toEqual([incidents[2], incidents[1]])
    const second = await storage.alerts.incidents(fleetId, null, { limit: 2, cursor: first.next })
    expect(second).toEqual({ items: [incidents[0]], next: null })
    expect((await storage.alerts.incidents(fleetId, 'open', { limit: 2, cursor: null })).items).toEqual([])
    const page = await storage.alerts.entries(fleetId, incidents[0]?.id ?? '', { limit: 2, cursor: null })
    expect(page.items).toEqual([entries[2], entries[1]])
  })

  it('keeps silences that are over, and counts those that are not', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const [one, two] = [silenceOf(fleetId), silenceOf(fleetId, { createdAtMs: NOW_MS + 1 })]
    expect(await storage.alerts.saveSilence(one, 1, NOW_MS, audit())).toBe('saved')
    expect(await storage.alerts.saveSilence(two, 1, NOW_MS, audit())).toBe('full')
    expect(await storage.alerts.saveSilence(two, 1, NOW_MS + 60_000, audit())).toBe('saved')
    const ended = { ...two, endedAtMs: NOW_MS + 5, version: 2 }
    expect(await storage.alerts.saveSilence({ ...ended, version: 3 }, 9, NOW_MS, audit())).toBe('stale')
    expect(await storage.alerts.saveSilence(ended, 9, NOW_MS, audit())).toBe('saved')
    expect((await storage.alerts.input(fleetId, NOW_MS + 10)).silences).toEqual([one])
    expect(await storage.alerts.silence(fleetId, two.id)).toEqual(ended)
    expect((await storage.alerts.silences(fleetId, { limit: 9, cursor: null })).items).toEqual([ended, one])
  })

  it('tells every process of the last round', async () => {
    const { storage } = current()
    const round = { atMs: NOW_MS, processId: randomUUID(), tookMs: 12, fleets: 3, rules: 60, failing: [] }
    await storage.alerts.noteRound(round)
    const failing = [{ fleetId: randomUUID(), sinceMs: NOW_MS }]
    await storage.alerts.noteRound({ ...round, failing })
    expect(await storage.alerts.lastRound()).toEqual({ ...round, failing })
  })
})
