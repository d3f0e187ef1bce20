import { Chance } from '../world/chance.ts'
import { DOCUMENTS, TEXTS } from '../world/collections.ts'
import type { FaultKind, MomentKind, Operation, Plan, Verb, WindowKind } from '../world/plan.ts'
import { MOMENT_KINDS, WINDOW_KINDS } from '../world/plan.ts'

/** The design asks for at least eight mixed faults a run. */
const FAULTS_MIN = 8
const FAULTS_MAX = 12
const KINDS: readonly FaultKind[] = [...WINDOW_KINDS, ...MOMENT_KINDS]
const HORIZON_MS = 10_000
const WRITES = [12, 22] as const
const READS = [4, 8] as const

/** Faults that a run has at most once: they cost much time, or make others of their kind pointless. */
const ONCE: ReadonlySet<FaultKind> = new Set(['winter', 'restore', 'clone', 'retry_storm', 'damage'])

/** What was acknowledged is kept a week for the case of a restore, so that none is survived by a winter. */
const EXCLUSIVE: ReadonlySet<FaultKind> = new Set(['winter', 'restore'])

/** Runs in which people write in one text together. */
const TEXTS_SHARE = 1 / 8
const EDITS = [10, 18] as const
/** So long those who write at one time go on: the others have not seen it yet. */
const BURST_MS = 900
const BURSTS = 3

/** The plan of a seed: what people do, and at least eight things that go wrong meanwhile. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed, 'plan')
  const devices = chance.pick([2, 2, 2, 3])
  const servers = chance.pick([1, 2])
  const operations: Operation[] = []
  let id = 0
  const at = (): number => chance.int(0, HORIZON_MS)
  const device = (): number => chance.int(0, devices - 1)
  for (let i = chance.int(...WRITES); i > 0; i--) operations.push(aWrite(++id, at(), device(), chance))
  for (let i = chance.int(...READS); i > 0; i--) {
    const collection = chance.pick(DOCUMENTS)
    operations.push({ id: ++id, atMs: at(), device: device(), kind: 'read', collection, n: chance.int(0, 9) })
  }
  for (let i = chance.int(0, 3); i > 0; i--)
    operations.push({ id: ++id, atMs: at(), device: device(), kind: 'decide', n: chance.int(0, 9) })
  const used = new Set<FaultKind>()
  for (let left = chance.int(FAULTS_MIN, FAULTS_MAX); left > 0;) {
    const kind = chance.pick(KINDS)
    if (EXCLUSIVE.has(kind) && [...used].some((one) => one !== kind && EXCLUSIVE.has(one))) continue
    if (ONCE.has(kind) && used.has(kind)) continue
    used.add(kind)
    left -= 1
    operations.push(aFault(++id, at(), device(), kind, chance))
    if (kind === 'restore' && !used.has('backup'))
      operations.push({
        id: ++id,
        atMs: chance.int(0, HORIZON_MS / 2),
        device: 0,
        kind: 'backup',
        n: 0,
        m: 0,
      })
  }
  operations.push(...aText(id, devices, new Chance(seed, 'texts')))
  // A twin never hears what the other one decided about a conflict that both hold (docs/simulation.md).
  const kept = operations.filter(({ kind }) => kind !== 'decide' || !used.has('clone'))
  kept.sort((a, b) => a.atMs - b.atMs || a.id - b.id)
  return { seed, devices, servers, horizonMs: HORIZON_MS, operations: kept }
}

function aWrite(id: number, atMs: number, device: number, chance: Chance): Operation {
  const collection = chance.pick(DOCUMENTS)
  const verbs: readonly Verb[] =
    collection === 'tallies'
      ? ['count', 'count', 'tag']
      : ['put', 'put', 'patch', 'patch', 'patch', 'new', 'remove']
  return { id, atMs, device, kind: 'write', verb: chance.pick(verbs), collection, n: chance.int(0, 99) }
}

function aText(id: number, devices: number, chance: Chance): readonly Operation[] {
  if (!chance.hits(TEXTS_SHARE)) return []
  const collection = chance.pick(TEXTS)
  const bursts = Array.from({ length: BURSTS }, () => chance.int(1_000, HORIZON_MS - BURST_MS))
  return Array.from({ length: chance.int(...EDITS) }, (_, i) => ({
    id: id + i + 1,
    atMs: chance.pick(bursts) + chance.int(0, BURST_MS),
    device: chance.int(0, devices - 1),
    kind: 'write',
    verb: chance.pick(['type', 'type', 'type', 'erase'] as const),
    collection,
    n: chance.int(0, 99),
  }))
}

function aFault(id: number, atMs: number, device: number, kind: FaultKind, chance: Chance): Operation {
  if (isWindow(kind)) {
    const forMs = chance.int(500, 6_000)
    return { id, atMs, device, kind, forMs, probability: chance.pick([0.3, 0.6, 1]) }
  }
  return { id, atMs, device, kind: kind as MomentKind, n: chance.int(0, 999), m: chance.int(0, 999) }
}

const isWindow = (kind: FaultKind): kind is WindowKind => (WINDOW_KINDS as readonly string[]).includes(kind)
