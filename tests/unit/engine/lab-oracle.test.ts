import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LabFold } from '#lib/engine/lab/fold-lab.ts'
import type { LabCounts, LabReport } from '#lib/engine/lab/lab-report.ts'
import { recordedStamps, type RecordedConflict } from '#lib/engine/lab/recorded-conflict.ts'
import { caseOf, isJoinedIn } from '#lib/engine/lab/replay.ts'
import { decideJoined } from '#lib/engine/lab/replay-joined.ts'
import { decidePlain, documentOf } from '#lib/engine/lab/replay-plain.ts'
import { otLibrary } from '#lib/engine/ot/ot-library.ts'
import { yjsText } from '#lib/engine/crdt/text-yjs.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import { formatHlc } from '#lib/kernel/hlc.ts'
import { jsonEqual, type JsonObject } from '#lib/kernel/json.ts'
import { cases } from '#tests/support/cases.ts'

const RULES: CollectionRules = {
  name: 'reports',
  strategy: 'lww',
  tieRule: 'lww',
  fieldStrategies: {},
  schema: { type: 'object', properties: { n: { maximum: 3 } } },
  schemaVersion: 1,
  rules: [],
  upMigrations: [],
  hasAuthority: false,
}
const MINE = '00000000-0000-4000-8000-00000000000a'
const THEIRS = '00000000-0000-4000-8000-00000000000b'

/** What two devices did with one record: each wrote one document on top of the base. Clocks say something else than the time. */
interface Told {
  readonly base: Doc
  readonly mine: Doc
  readonly theirs: Doc
  readonly baseKnown: boolean
  readonly mineAtMs: number
  readonly theirsAtMs: number
  readonly mineOffMs: number
  readonly theirsOffMs: number
  readonly isTimed: boolean
}
type Doc = {
  readonly a?: number
  readonly n?: number
  readonly o?: { readonly x?: number; readonly y?: string[] }
} | null

const doc: fc.Arbitrary<Doc> = fc.option(
  fc.record(
    {
      a: fc.integer({ min: 0, max: 2 }),
      n: fc.integer({ min: 1, max: 4 }),
      o: fc.record(
        { x: fc.integer({ min: 0, max: 2 }), y: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  { freq: 6 },
)
const told: fc.Arbitrary<Told> = fc.record({
  base: doc,
  mine: doc,
  theirs: doc,
  baseKnown: fc.boolean(),
  mineAtMs: fc.integer({ min: 1_000, max: 1_010 }),
  theirsAtMs: fc.integer({ min: 1_000, max: 1_010 }),
  mineOffMs: fc.integer({ min: -6, max: 6 }),
  theirsOffMs: fc.integer({ min: -6, max: 6 }),
  isTimed: fc.boolean(),
})

const stampAt = (wallMs: number, deviceId: string): string => formatHlc({ wallMs, counter: 0, deviceId })

const conflictOf = (one: Told, n: number): RecordedConflict => ({
  id: `conflict ${n}`,
  recordId: 'record',
  base: one.baseKnown ? (one.base as JsonObject | null) : null,
  baseKnown: one.baseKnown,
  local: one.mine as JsonObject | null,
  remote: one.theirs as JsonObject | null,
  remoteVersion: 2,
  localSide: one.isTimed
    ? { deviceId: MINE, hlc: stampAt(one.mineAtMs + one.mineOffMs, MINE), madeAtMs: one.mineAtMs }
    : null,
  remoteSide: one.isTimed
    ? { deviceId: THEIRS, hlc: stampAt(one.theirsAtMs + one.theirsOffMs, THEIRS), madeAtMs: one.theirsAtMs }
    : null,
  remoteStamps: null,
})

/** A document told leaf by leaf, which is all that the oracle knows of documents. */
type Leaves = ReadonlyMap<string, string> | null
const PLACES = ['a', 'n', 'o', 'o.x', 'o.y'] as const

function leavesOf(document: Doc): Leaves {
  if (document === null) return null
  const leaves = new Map<string, string>()
  for (const key of ['a', 'n'] as const)
    if (document[key] !== undefined) leaves.set(key, JSON.stringify(document[key]))
  if (document.o === undefined) return leaves
  // An object that is there, with nothing in it, is something too.
  leaves.set('o', 'there')
  for (const key of ['x', 'y'] as const)
    if (document.o[key] !== undefined) leaves.set(`o.${key}`, JSON.stringify(document.o[key]))
  return leaves
}

const same = (a: Leaves, b: Leaves): boolean =>
  a === null || b === null ? a === b : PLACES.every((place) => a.get(place) === b.get(place))

/** What a side changed: places and what they became; the whole where a side has no document. */
function changesOf(
  before: Leaves,
  after: Leaves,
): ReadonlyMap<string, string | undefined> | 'whole' | 'none' {
  if (same(before, after)) return 'none'
  if (before === null || after === null) return 'whole'
  const changed = new Map<string, string | undefined>()
  for (const place of ['a', 'n'])
    if (before.get(place) !== after.get(place)) changed.set(place, after.get(place))
  if (before.has('o') && !after.has('o')) return changed.set('o', undefined)
  if (!after.has('o')) return changed
  // An object that came is what is in it; that it is there is said by one that is empty.
  for (const place of ['o.x', 'o.y'])
    if (before.get(place) !== after.get(place)) changed.set(place, after.get(place))
  if (!before.has('o') && !after.has('o.x') && !after.has('o.y')) changed.set('o', after.get('o'))
  return changed
}

function lostOf(
  before: Leaves,
  side: Leaves,
  outcome: Leaves,
): { readonly changes: number; readonly lost: number } {
  const changed = changesOf(before, side)
  if (changed === 'none') return { changes: 0, lost: 0 }
  if (changed === 'whole') return { changes: 1, lost: same(outcome, side) ? 0 : 1 }
  let lost = 0
  // What was taken away is nowhere in a record that is deleted either.
  for (const [place, became] of changed) if (outcome?.get(place) !== became) lost += 1
  return { changes: changed.size, lost }
}

type Verdict = 'asks' | 'unknown' | Leaves

/** The winner of two whole documents. */
const wholeWinner = (mine: Leaves, theirs: Leaves, isMineNewer: boolean): Leaves =>
  isMineNewer ? mine : theirs

/** Merged place by place, by hand. */
function merged(
  base: Leaves | undefined,
  mine: Leaves,
  theirs: Leaves,
  tie: 'lww' | 'manual',
  isMineNewer: boolean,
): 'asks' | Leaves {
  if (same(mine, theirs)) return theirs
  if (mine === null || theirs === null)
    return tie === 'manual' ? 'asks' : wholeWinner(mine, theirs, isMineNewer)
  const before = base === undefined ? undefined : (base ?? new Map<string, string>())
  const made = new Map<string, string>()
  let asks = false
  const pick = (place: string, all: readonly string[]): void => {
    const at = (leaves: ReadonlyMap<string, string>): string =>
      all.map((one) => leaves.get(one) ?? '-').join(';')
    const take = (leaves: ReadonlyMap<string, string>): void => {
      for (const one of all) {
        const value = leaves.get(one)
        if (value !== undefined) made.set(one, value)
      }
    }
    if (at(mine) === at(theirs)) return take(theirs)
    if (before && at(before) === at(mine)) return take(theirs)
    if (before && at(before) === at(theirs)) return take(mine)
    if (tie === 'manual') asks = true
    take(tie === 'lww' && isMineNewer ? mine : theirs)
    expect(place).not.toBe('')
  }
  pick('a', ['a'])
  pick('n', ['n'])
  if (mine.has('o') && theirs.has('o')) {
    made.set('o', 'there')
    pick('o.x', ['o.x'])
    pick('o.y', ['o.y'])
  } else pick('o', ['o', 'o.x', 'o.y'])
  return asks ? 'asks' : made
}

type Way = 'lww' | 'fww' | 'manual' | 'field-merge:lww' | 'field-merge:manual'

function outcomeOf(way: Way, one: Told, isMineNewer: boolean): 'asks' | Leaves {
  const [mine, theirs] = [leavesOf(one.mine), leavesOf(one.theirs)]
  const base = one.baseKnown ? leavesOf(one.base) : undefined
  switch (way) {
    case 'fww':
      return 'asks'
    case 'manual':
      return same(mine, theirs) ? theirs : 'asks'
    case 'lww':
      return wholeWinner(mine, theirs, isMineNewer)
    case 'field-merge:lww':
      return merged(base, mine, theirs, 'lww', isMineNewer)
    case 'field-merge:manual':
      return merged(base, mine, theirs, 'manual', isMineNewer)
  }
}

const equal = (a: Verdict, b: Verdict): boolean =>
  typeof a === 'string' || typeof b === 'string' ? a === b : same(a, b)

const isNewer = (mineMs: number, theirsMs: number): boolean =>
  mineMs > theirsMs || (mineMs === theirsMs && MINE > THEIRS)

function bruteForce(way: Way, all: readonly Told[], offMs: number): LabCounts {
  const counts = {
    conflicts: 0,
    changes: 0,
    lostUpdates: 0,
    silentOverwrites: 0,
    manual: 0,
    wrongWinners: 0,
    brokenRules: 0,
    timeUnknown: 0,
    notReplayed: 0,
  }
  for (const one of all) {
    const truly = isNewer(one.mineAtMs, one.theirsAtMs)
    // MINE ends with an even digit and is ahead, THEIRS is behind.
    const byClocks =
      offMs === 0
        ? isNewer(one.mineAtMs + one.mineOffMs, one.theirsAtMs + one.theirsOffMs)
        : isNewer(one.mineAtMs + offMs, one.theirsAtMs - offMs)
    if (!one.isTimed && !equal(outcomeOf(way, one, true), outcomeOf(way, one, false))) {
      counts.timeUnknown += 1
      continue
    }
    const outcome = outcomeOf(way, one, byClocks)
    const [mine, theirs] = [leavesOf(one.mine), leavesOf(one.theirs)]
    const parts = lossOf(one, mine, theirs, outcome === 'asks' ? null : outcome)
    counts.conflicts += 1
    counts.changes += parts.changes
    if (outcome === 'asks') {
      counts.manual += 1
      continue
    }
    counts.lostUpdates += parts.lost
    if (parts.lost > 0) counts.silentOverwrites += 1
    if (one.isTimed && !equal(outcome, outcomeOf(way, one, truly))) counts.wrongWinners += 1
    const n = outcome?.get('n')
    if (n !== undefined && Number(n) > 3 && !same(outcome, theirs)) counts.brokenRules += 1
  }
  return counts
}

function lossOf(one: Told, mine: Leaves, theirs: Leaves, outcome: Leaves): { changes: number; lost: number } {
  const base = leavesOf(one.base)
  const before = (side: Leaves, other: Leaves): Leaves => {
    if (!one.baseKnown) return other
    return base === null && side !== null ? new Map() : base
  }
  const parts = [lostOf(before(mine, theirs), mine, outcome), lostOf(before(theirs, mine), theirs, outcome)]
  return {
    changes: parts.reduce((sum, { changes }) => sum + changes, 0),
    lost: parts.reduce((sum, { lost }) => sum + lost, 0),
  }
}

function labOf(all: readonly Told[], clocksOffMs: number): Pick<LabReport, 'columns' | 'replayed'> {
  const fold = new LabFold({ rules: RULES, engines: { text: yjsText, ot: otLibrary } }, null, clocksOffMs)
  for (const [n, one] of all.entries()) fold.add(conflictOf(one, n))
  return fold.figures()
}

const WAYS: readonly Way[] = ['lww', 'fww', 'manual', 'field-merge:lww', 'field-merge:manual']

describe('the lab counts what brute force counts', () => {
  it.each(WAYS)('[LB1] [LB2] [LB3] [LB5] %s: lost, asked, wrong by clocks, refused', (way) => {
    fc.assert(
      fc.property(fc.array(told, { minLength: 1, maxLength: 20 }), (all) => {
        const column = labOf(all, 0).columns.find(({ id }) => id === (way === 'lww' ? 'current' : way))
        expect(column?.counts).toEqual(bruteForce(way, all, 0))
      }),
      { numRuns: cases(150) },
    )
  })

  it.each(WAYS)('[LB4] %s: with clocks that are off', (way) => {
    fc.assert(
      fc.property(
        fc.array(told, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        (all, off) => {
          const column = labOf(all, off).columns.find(({ id }) => id === (way === 'lww' ? 'current' : way))
          expect(column?.counts).toEqual(bruteForce(way, all, off))
        },
      ),
      { numRuns: cases(40) },
    )
  })

  it('[LB1] fields without a state are decided alike with and without the way through the states of others', () => {
    const settings = { strategy: 'field-merge', tieRule: 'lww', fieldStrategies: { '/n': 'crdt' } } as const
    const engines = { text: yjsText, ot: otLibrary }
    let compared = 0
    fc.assert(
      fc.property(told, (one) => {
        const base = { ...one.base, n: 1 }
        const [mine, theirs] = [one.mine && { ...one.mine, n: 1 }, one.theirs && { ...one.theirs, n: 1 }]
        const whole: Told = { ...one, baseKnown: true, isTimed: true, base, mine, theirs }
        const conflict = conflictOf(whole, 1)
        const stamps = recordedStamps(conflict)
        if (isJoinedIn(caseOf(conflict, 0), settings) || !stamps) return
        if (jsonEqual(conflict.local, conflict.remote)) return
        compared += 1
        const decision = decidePlain(conflict, settings, stamps)
        const devices = { local: MINE, remote: THEIRS }
        const rules = { ...RULES, schema: {}, ...settings }
        const joined = decideJoined(conflict, settings, { stamps, devices, rules, engines })
        const data = decision.kind === 'person' ? null : documentOf(decision, conflict)
        expect(joined).toMatchObject({ kind: 'settled', data })
      }),
      { numRuns: 600 },
    )
    expect(compared).toBeGreaterThan(100)
  })
})
