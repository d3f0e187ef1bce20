import { expect, it } from 'vitest'
import { LabFold } from '#lib/engine/lab/fold-lab.ts'
import type { LabSettings } from '#lib/engine/lab/lab-report.ts'
import { conflictOfToday, type RecordedConflict } from '#lib/engine/lab/recorded-conflict.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import type { UpMigration } from '#lib/protocol/rules.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'

const MINE = '00000000-0000-4000-8000-00000000000a'
const THEIRS = '00000000-0000-4000-8000-00000000000b'
const side = (deviceId: string, atMs: number) => ({
  deviceId,
  hlc: formatHlc({ wallMs: atMs, counter: 0, deviceId }),
  madeAtMs: atMs,
})
const conflict = (changes: Partial<RecordedConflict>): RecordedConflict => ({
  id: 'conflict',
  recordId: 'record',
  base: { a: 1 },
  baseKnown: true,
  local: { a: 2 },
  remote: { a: 3 },
  remoteVersion: 2,
  localSide: side(MINE, 2_000),
  remoteSide: side(THEIRS, 1_000),
  remoteStamps: null,
  ...changes,
})
const rules = {
  name: 'reports',
  strategy: 'lww',
  tieRule: 'lww',
  fieldStrategies: {},
  schema: {},
  schemaVersion: 1,
  rules: [],
  upMigrations: [],
  hasAuthority: false,
} as const
function columnsOf(one: RecordedConflict, proposed: LabSettings | null = null) {
  const fold = new LabFold({ rules, engines: { text: yjsText, ot: otLibrary } }, proposed)
  fold.add(one)
  return new Map(fold.figures().columns.map((column) => [column.id, column]))
}

it('[LB7] a conflict of which one way knows nothing does not come out otherwise by it', () => {
  const baseless = columnsOf(conflict({ base: null, baseKnown: false }))
  expect(baseless.get('crdt')).toMatchObject({
    counts: { notReplayed: 1 },
    differs: { conflicts: 0, examples: [] },
  })
  const timeless = columnsOf(conflict({ localSide: null }))
  expect(timeless.get('current')).toMatchObject({ counts: { timeUnknown: 1 } })
  expect(timeless.get('manual')).toMatchObject({ counts: { manual: 1 }, differs: { conflicts: 0 } })
})

it('[LB7] an example says what it comes to', () => {
  const columns = columnsOf(conflict({}))
  expect(columns.get('manual')?.differs.examples).toMatchObject([{ comesTo: 'person', places: ['/a'] }])
  expect(columns.get('current')?.examples.lost_update).toMatchObject([{ comesTo: 'settled', side: 'remote' }])
})

it('[LB3] what a counter took in is lost with its record', () => {
  const counts = { strategy: 'field-merge', tieRule: 'lww', fieldStrategies: { '/n': 'crdt' } } as const
  const base = { n: 1 }
  const kept = columnsOf(conflict({ base, local: { n: 2 }, remote: { n: 4 } }), counts)
  expect(kept.get('proposed')?.counts.lostUpdates).toBe(0)
  const deleted = columnsOf(conflict({ base, local: null, remote: { n: 4 } }), counts)
  expect(deleted.get('proposed')).toMatchObject({
    counts: { lostUpdates: 1, silentOverwrites: 1 },
    examples: { lost_update: [{ places: ['/n'], side: 'remote' }] },
  })
})

it('[LB1] a field that was renamed since is decided by the stamp that it had', () => {
  const upMigrations: UpMigration[] = [{ from: 1, to: 2, ops: [{ op: 'rename', path: '/a', to: '/b' }] }]
  const renamed = { ...rules, schemaVersion: 2, upMigrations }
  // The other side's record is the newest of all, and its field the oldest.
  const [own, other] = [side(MINE, 2_000), side(THEIRS, 3_000)]
  const remoteStamps = { '': other.hlc, '/a': side(THEIRS, 1_000).hlc }
  const old = { ...conflict({ localSide: own, remoteSide: other, remoteStamps }), schemaVersion: 1 }
  const today = conflictOfToday(renamed, old)
  expect(today).toMatchObject({ base: { b: 1 }, local: { b: 2 }, remoteStamps: { '/b': remoteStamps['/a'] } })
  expect(columnsOf(today).get('field-merge:lww')?.examples.lost_update).toMatchObject([
    { places: ['/b'], side: 'remote' },
  ])
})
