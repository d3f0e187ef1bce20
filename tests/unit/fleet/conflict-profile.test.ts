import { expect, test } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import { LabFold } from '#lib/engine/lab/fold-lab.ts'
import type { RecordedConflict } from '#lib/engine/lab/recorded-conflict.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { jsonEqual, type JsonObject } from '#lib/kernel/json.ts'
import { seededRandom, type Random } from '#lib/kernel/random.ts'
import { LAB_EXAMPLES_MAX } from '#lib/protocol/limits.ts'
import { inspectorOf } from '../../../scripts/fleet/devices.ts'
import { PROFILES } from '../../../scripts/fleet/profiles.ts'
import { loadStrikeReports } from '../../../scripts/fleet/strike-reports.ts'
import { doWork, type Desk } from '../../../scripts/fleet/work.ts'

const NOW_MS = Date.UTC(2026, 10, 24)
const { conflict: profile } = PROFILES
const REPORTS = [...loadStrikeReports().values()].flat()
const idOf = (digit: number, index: number) =>
  `0000000${digit}-0000-4000-8000-${String(index).padStart(12, '0')}`

/** What an inspector of this profile changes in a report that everybody amends: the fleet's own work, on one record. */
async function amendmentOf(report: JsonObject, index: number, random: Random): Promise<JsonObject> {
  const inspector = inspectorOf(index, random)
  const desk: Desk = { inspector, templates: [report], filed: [], runningMs: () => 0 }
  const sent: JsonObject[] = []
  const replica = {
    collection: () => ({
      query: () => Promise.resolve([{ id: 'hot', data: report }]),
      get: () => Promise.resolve({ id: 'hot', data: report }),
      put: () => Promise.resolve({ recordId: 'other' }),
      patch: (id: string, { set }: { set: JsonObject }) => {
        if (id === 'hot') sent.push(set)
        return Promise.resolve()
      },
    }),
  } as unknown as Replica
  // Other work lies between: one amendment in 100 tries is certain enough to be a bound.
  for (let tries = 0; tries < 100 && sent.length === 0; tries++) await doWork(replica, desk, profile, random)
  return sent[0] ?? {}
}

/** Two inspectors amend one report; the device's side was truly written a second after the server's. */
async function meet(index: number): Promise<RecordedConflict> {
  const random = seededRandom(1_000 + index)
  const base = REPORTS[index] ?? {}
  const side = async (digit: number, trueMs: number) => {
    const skewMs = Math.round((random() * 2 - 1) * profile.skewMsMax)
    const set = await amendmentOf(base, index * 2 + digit, random)
    const hlc = formatHlc({ wallMs: trueMs + skewMs, counter: 0, deviceId: idOf(digit, index) })
    return { document: { ...base, ...set }, written: { deviceId: idOf(digit, index), hlc, madeAtMs: trueMs } }
  }
  const remote = await side(1, NOW_MS)
  const local = await side(2, NOW_MS + 1_000)
  return {
    id: idOf(3, index),
    recordId: idOf(4, index),
    base,
    baseKnown: true,
    local: local.document,
    remote: remote.document,
    remoteVersion: 2,
    localSide: local.written,
    remoteSide: remote.written,
    remoteStamps: null,
  }
}

const changed = (from: JsonObject, to: JsonObject): string[] =>
  Object.keys(to).filter((key) => !jsonEqual(from[key] ?? null, to[key] ?? null))

/** By hand: what the side with the earlier stamp changed and the other one has not, and which of it nobody else changed. */
function lossOf({ base, local, remote, localSide, remoteSide }: RecordedConflict) {
  if (!base || !local || !remote || !localSide || !remoteSide) throw new Error('both sides are known')
  const isLocalLater = localSide.hlc > remoteSide.hlc
  const [winner, loser] = isLocalLater ? [local, remote] : [remote, local]
  const lost = changed(base, loser).filter((key) => !jsonEqual(winner[key] ?? null, loser[key] ?? null))
  const contested = lost.filter((key) => changed(base, winner).includes(key))
  return { lost, contested, isWrong: !isLocalLater && !jsonEqual(local, remote) }
}

test('[LB1] [LB3] on the conflict profile lww loses the updates that field-merge keeps, record by record', async () => {
  expect(profile.skewMsMax).toBeGreaterThanOrEqual(60_000)
  const all: RecordedConflict[] = []
  for (let index = 0; index < LAB_EXAMPLES_MAX; index++) all.push(await meet(index))
  const conflicts = all.filter(({ local, remote }) => !jsonEqual(local, remote))
  const rules = {
    name: 'strike-reports',
    strategy: 'lww',
    tieRule: 'lww',
    fieldStrategies: {},
    schema: true,
    schemaVersion: 1,
    rules: [],
    upMigrations: [],
    hasAuthority: false,
  } as const
  const fold = new LabFold({ rules, engines: { text: yjsText, ot: otLibrary } }, null)
  for (const one of conflicts) fold.add(one)
  const report = fold.figures()
  const column = (id: string) => {
    const found = report.columns.find((one) => one.id === id)
    if (!found) throw new Error(`no column ${id}`)
    return found
  }
  const [lww, merge] = [column('current'), column('field-merge:lww')]
  const truth = conflicts.map((one) => ({ recordId: one.recordId, ...lossOf(one) }))
  const places = (keys: readonly string[]) => keys.map((key) => `/${key}`).toSorted()
  const shown = (examples: typeof lww.examples.lost_update) =>
    examples.map((example) => [example.recordId, [...example.places].toSorted()])

  expect(shown(lww.examples.lost_update)).toEqual(
    truth.filter(({ lost }) => lost.length > 0).map(({ recordId, lost }) => [recordId, places(lost)]),
  )
  expect(shown(merge.examples.lost_update)).toEqual(
    truth
      .filter(({ contested }) => contested.length > 0)
      .map(({ recordId, contested }) => [recordId, places(contested)]),
  )
  const kept = truth.filter(({ lost, contested }) => lost.length > contested.length)
  expect(kept.length).toBeGreaterThan(5)
  expect(lww.counts.lostUpdates - merge.counts.lostUpdates).toBe(
    kept.reduce((sum, { lost, contested }) => sum + lost.length - contested.length, 0),
  )
  // Clocks that disagree: by the true times the later change should have stood.
  expect(lww.counts.wrongWinners).toBe(truth.filter(({ isWrong }) => isWrong).length)
  expect(lww.counts.wrongWinners).toBeGreaterThan(3)
})
