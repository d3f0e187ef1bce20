import { Chance } from '../world/chance.ts'
import { DOCUMENTS, TEXTS } from '../world/collections.ts'
import type { FaultKind, MomentKind, Operation, Plan, Verb, WindowKind } from '../world/plan.ts'
import { MOMENT_KINDS, WINDOW_KINDS } from '../world/plan.ts'

const KINDS: readonly FaultKind[] = [...WINDOW_KINDS, ...MOMENT_KINDS]

type Range = readonly [from: number, to: number]

/** How much happens in a world. The design asks for at least eight mixed faults in each. */
interface Size {
  readonly devices: readonly number[]
  readonly horizonMs: number
  /** Collections that documents are written in: the fewer, the more of them meet. */
  readonly collections: number
  readonly writes: Range
  readonly reads: Range
  readonly decisionsMax: number
  readonly faults: Range
  readonly windowMs: Range
  /** Of those who write in one text together. */
  readonly edits: Range
  readonly bursts: number
}

/** Three fifths of what a long one costs, and as many planted defects are met in it (docs/simulation.md). */
const SHORT: Size = {
  devices: [2],
  horizonMs: 4_000,
  collections: 2,
  writes: [7, 12],
  reads: [2, 4],
  decisionsMax: 2,
  faults: [8, 9],
  windowMs: [300, 2_500],
  edits: [6, 10],
  bursts: 2,
}
const LONG: Size = {
  devices: [2, 2, 2, 3],
  horizonMs: 10_000,
  collections: DOCUMENTS.length,
  writes: [12, 22],
  reads: [4, 8],
  decisionsMax: 3,
  faults: [8, 12],
  windowMs: [500, 6_000],
  edits: [10, 18],
  bursts: 3,
}
/** What takes its time shows in these alone. */
const LONG_SHARE = 1 / 10

/** Faults that a run has at most once: they cost much time, or make others of their kind pointless. */
const ONCE: ReadonlySet<FaultKind> = new Set(['winter', 'restore', 'clone', 'retry_storm', 'damage'])

/** What was acknowledged is kept a week for the case of a restore, so that none is survived by a winter. */
const EXCLUSIVE: ReadonlySet<FaultKind> = new Set(['winter', 'restore'])

/** Runs in which people write in one text together. */
const TEXTS_SHARE = 1 / 8
/** Runs in which one goes on with what another one decides about. */
const ARGUMENTS_SHARE = 1 / 8
/** So long those who write at one time go on: the others have not seen it yet. */
const BURST_MS = 900

/** The plan of a seed: what people do, and at least eight things that go wrong meanwhile. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed, 'plan')
  const size = chance.hits(LONG_SHARE) ? LONG : SHORT
  const { horizonMs } = size
  const devices = chance.pick(size.devices)
  const servers = chance.pick([1, 2])
  const collections = some(DOCUMENTS, size.collections, chance)
  const operations: Operation[] = []
  let id = 0
  const at = (): number => chance.int(0, horizonMs)
  const device = (): number => chance.int(0, devices - 1)
  for (let i = chance.int(...size.writes); i > 0; i--)
    operations.push(aWrite(++id, at(), device(), collections, chance))
  for (let i = chance.int(...size.reads); i > 0; i--) {
    const collection = chance.pick(collections)
    operations.push({ id: ++id, atMs: at(), device: device(), kind: 'read', collection, n: chance.int(0, 9) })
  }
  for (let i = chance.int(0, size.decisionsMax); i > 0; i--)
    operations.push({ id: ++id, atMs: at(), device: device(), kind: 'decide', n: chance.int(0, 9) })
  const used = new Set<FaultKind>()
  for (let left = chance.int(...size.faults); left > 0;) {
    const kind = chance.pick(KINDS)
    if (EXCLUSIVE.has(kind) && [...used].some((one) => one !== kind && EXCLUSIVE.has(one))) continue
    if (ONCE.has(kind) && used.has(kind)) continue
    used.add(kind)
    left -= 1
    operations.push(aFault(++id, at(), device(), kind, size, chance))
    if (kind === 'restore' && !used.has('backup'))
      operations.push({
        id: ++id,
        atMs: chance.int(0, horizonMs / 2),
        device: 0,
        kind: 'backup',
        n: 0,
        m: 0,
      })
  }
  const texts = aText(id, devices, size, new Chance(seed, 'texts'))
  const isWhole = [...used].every((kind) => !SPOILS_DOCUMENTS.has(kind))
  operations.push(...texts)
  if (texts.length === 0 && isWhole)
    operations.push(...aTextOfDocuments(id, devices, size, new Chance(seed, 'texts as documents')))
  operations.push(...anArgument(operations.length, devices, size, new Chance(seed, 'argument')))
  // A twin never hears what the other one decided about a conflict that both hold (docs/simulation.md).
  const kept = operations.filter(({ kind }) => kind !== 'decide' || !used.has('clone'))
  kept.sort((a, b) => a.atMs - b.atMs || a.id - b.id)
  return { seed, devices, servers, horizonMs, operations: kept }
}

function some<T>(items: readonly T[], count: number, chance: Chance): readonly T[] {
  const left = [...items]
  while (left.length > count) left.splice(chance.int(0, left.length - 1), 1)
  return left
}

function aWrite(
  id: number,
  atMs: number,
  device: number,
  collections: readonly string[],
  chance: Chance,
): Operation {
  const collection = chance.pick(collections)
  const verbs: readonly Verb[] =
    collection === 'tallies'
      ? ['count', 'count', 'tag']
      : ['put', 'put', 'patch', 'patch', 'patch', 'new', 'remove']
  return { id, atMs, device, kind: 'write', verb: chance.pick(verbs), collection, n: chance.int(0, 99) }
}

const TEXT_VERBS: readonly Verb[] = ['type', 'type', 'type', 'erase']

function aText(id: number, devices: number, size: Size, chance: Chance): readonly Operation[] {
  if (!chance.hits(TEXTS_SHARE)) return []
  const collection = chance.pick(TEXTS)
  // Of a CRDT a patch that a restored server lacks is a dead letter, and what was typed behind it waits there for ever.
  const verbs: readonly Verb[] = collection === 'sheets' ? [...TEXT_VERBS, 'patch'] : TEXT_VERBS
  const bursts = Array.from({ length: size.bursts }, () => chance.int(1_000, size.horizonMs - BURST_MS))
  return Array.from({ length: chance.int(...size.edits) }, (_, i) => ({
    id: id + i + 1,
    atMs: chance.pick(bursts) + chance.int(0, BURST_MS),
    device: chance.int(0, devices - 1),
    kind: 'write',
    verb: chance.pick(verbs),
    collection,
    n: chance.int(0, 99),
  }))
}

/** One goes on with a record that people decide about, while the other one, who changed it once, decides. */
function anArgument(id: number, devices: number, size: Size, chance: Chance): readonly Operation[] {
  if (!chance.hits(ARGUMENTS_SHARE)) return []
  const collection = chance.pick(['seats', 'cases'])
  const writer = chance.int(0, devices - 1)
  const other = (writer + 1) % devices
  const changedAtMs = chance.int(size.horizonMs / 8, size.horizonMs / 4)
  const later = (): number => chance.int(changedAtMs, size.horizonMs)
  let last = id
  const write = (by: number, verb: Verb, atMs: number): Operation => {
    return { id: ++last, atMs, device: by, kind: 'write', verb, collection, n: 0 }
  }
  return [
    write(writer, 'put', 0),
    write(writer, 'patch', changedAtMs),
    write(other, 'patch', changedAtMs),
    ...Array.from({ length: 8 }, () => write(writer, 'patch', later())),
    ...Array.from({ length: 4 }, (): Operation => {
      return { id: ++last, atMs: later(), device: other, kind: 'decide', n: chance.int(0, 9) }
    }),
  ]
}

/**
 * What a restored server, a copy or a damaged disk lacks of it, a text that is written as a document is a dead letter for, and
 * what was typed behind it waits.
 */
const SPOILS_DOCUMENTS: ReadonlySet<FaultKind> = new Set(['restore', 'clone', 'damage'])
/** Of those runs in which nobody writes in one text by characters alone. */
const TEXTS_OF_DOCUMENTS_SHARE = 1 / 3
const DOCUMENT_VERBS: readonly Verb[] = ['rewrite', 'rewrite', 'type', 'type', 'erase']

/** A device sends what was written so long after it (world/device.ts): what is written then has an older base than the answer. */
const SENT_AFTER_MS = 1_200
const SENDING_MS = 100
const EDITS_WHILE_SENDING = 5

/** Several write in one text, as documents too, each on while their own changes are on their way and others' come with the answers. */
function aTextOfDocuments(id: number, devices: number, size: Size, chance: Chance): readonly Operation[] {
  if (!chance.hits(TEXTS_OF_DOCUMENTS_SHARE)) return []
  const collection = chance.pick(TEXTS)
  const bursts = Array.from({ length: size.bursts }, () => chance.int(0, size.horizonMs - 2 * SENT_AFTER_MS))
  const sprees = bursts.flatMap((atMs) =>
    Array.from({ length: devices }, (_, device) => ({ device, atMs: atMs + chance.int(0, SENDING_MS) })),
  )
  const edits = sprees.flatMap(({ device, atMs }) => [
    { device, atMs },
    ...Array.from({ length: EDITS_WHILE_SENDING }, () => ({
      device,
      atMs: atMs + SENT_AFTER_MS + chance.int(0, SENDING_MS),
    })),
  ])
  return edits.map((edit, i) => ({
    ...edit,
    id: id + i + 1,
    kind: 'write',
    verb: chance.pick(DOCUMENT_VERBS),
    collection,
    n: chance.int(0, 99),
  }))
}

function aFault(
  id: number,
  atMs: number,
  device: number,
  kind: FaultKind,
  size: Size,
  chance: Chance,
): Operation {
  if (isWindow(kind)) {
    const forMs = chance.int(...size.windowMs)
    return { id, atMs, device, kind, forMs, probability: chance.pick([0.3, 0.6, 1]) }
  }
  return { id, atMs, device, kind: kind as MomentKind, n: chance.int(0, 999), m: chance.int(0, 999) }
}

const isWindow = (kind: FaultKind): kind is WindowKind => (WINDOW_KINDS as readonly string[]).includes(kind)
