import { ReplicaError } from '#lib/client/errors.ts'
import type { Collection, RecordView } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import type { Identity, Position } from '#lib/client/tables.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import type { JsonObject } from '#lib/kernel/json.ts'
import { uuidv7 } from '#lib/kernel/uuid.ts'
import type { Intent } from '../oracle/intent.ts'
import type { Ledger } from '../oracle/ledger.ts'
import { tokenOf } from '../oracle/texts.ts'
import { Chance } from '../world/chance.ts'
import { isText } from '../world/collections.ts'
import type { SimDevice } from '../world/device.ts'
import { START_MS } from '../world/fleet.ts'
import type { Operation } from '../world/plan.ts'
import type { World } from '../world/world.ts'
import type { TextEdit } from './texts.ts'
import { editInOnePlace, editText } from './texts.ts'

type Write = Extract<Operation, { kind: 'write' }>

/** Records that all devices know of by id, so that they meet. */
const SHARED_RECORDS = 3
/** The least time for which a person looks at a conflict who does not decide at once. */
const LOOKED_AT_MS = 150
/** What a call of the SDK may answer in a sick world. */
const EXPECTED: ReadonlySet<string> = new Set([
  'closed',
  'not_found',
  'quota_exceeded',
  'store_corrupt',
  'outbox_full',
  'invalid_data',
  // The text became another one between looking and typing.
  'invalid_patch',
])

/** The people at the devices: they write, read, and remember what they were told. */
export class Users {
  private readonly world: World
  private readonly ledger: Ledger
  /** The version that a device last showed of a record, within one epoch and one life of its store. */
  private readonly seen = new Map<string, number>()
  /** The character that a device typed last, by device and collection. */
  private readonly typedLast = new Map<string, string>()
  /** Texts are written as documents too. */
  private readonly inOnePlace: boolean

  constructor(world: World, ledger: Ledger) {
    this.world = world
    this.inOnePlace = world.plan.operations.some((one) => one.kind === 'write' && one.verb === 'rewrite')
    this.ledger = ledger
  }

  async write(device: SimDevice, write: Write): Promise<void> {
    const { replica } = device
    if (!replica) return
    try {
      await this.writeAs(device, replica, write)
    } catch (error) {
      if (!(error instanceof ReplicaError) || !EXPECTED.has(error.code)) throw error
      this.world.trace(`d${device.index} is refused: ${error.code}`)
    }
  }

  async read(device: SimDevice, collection: string, n: number): Promise<void> {
    const { replica } = device
    if (!replica) return
    const id = this.recordId(collection, n)
    try {
      this.saw(device, collection, id, await replica.collection(collection).get(id))
    } catch (error) {
      if (!(error instanceof ReplicaError) || !EXPECTED.has(error.code)) throw error
    }
  }

  /** What can never apply: a title that is no text, or a collection that there is none of. */
  async poison(
    device: SimDevice,
    { id, n, m }: { readonly id: number; readonly n: number; readonly m: number },
  ): Promise<void> {
    const { replica } = device
    if (!replica) return
    const collection = n % 3 === 0 ? 'nowhere' : 'notes'
    const recordId = n % 2 === 0 ? this.recordId(collection, m) : null
    try {
      const before = recordId === null ? null : await replica.collection(collection).get(recordId)
      const data = { title: collection === 'nowhere' ? 'lost' : id }
      const done = await replica.collection(collection).put(recordId, data, { validate: false })
      const after = await replica.collection(collection).get(done.recordId)
      this.remember(done.mutationId, {
        device: device.index,
        collection,
        recordId: done.recordId,
        before: before?.data ?? null,
        after: after?.data ?? null,
        counted: 0,
        tags: [],
        typed: [],
        erased: [],
        isPoison: true,
        inConflict: before?.inConflict ?? false,
      })
    } catch (error) {
      if (!(error instanceof ReplicaError) || !EXPECTED.has(error.code)) throw error
    }
  }

  /** The person at the device keeps a side of a conflict, or writes a third; most look at it for a while first. */
  async decide(device: SimDevice, n: number): Promise<void> {
    const { replica } = device
    const conflicts = replica?.conflicts$.get() ?? []
    const conflict = conflicts[n % conflicts.length]
    if (!replica || !conflict) return
    const { collection, recordId, conflictId, record } = conflict
    const theirs = record?.data ?? { title: `d${n}` }
    const data = n % 2 === 0 ? { title: `d${n}`, a: n } : theirs
    const saw = { version: record?.version ?? 0, epoch: device.onDisk<Identity>('identity').epoch }
    const isQuick = n % 3 === 0
    if (!isQuick) await this.world.time.sleep(n * LOOKED_AT_MS)
    // The app was started anew meanwhile, and shows it anew.
    if (device.replica !== replica) return
    try {
      const done = await replica
        .collection(collection)
        .put(recordId, data, { resolves: isQuick ? conflictId : conflict })
      this.remember(done.mutationId, {
        device: device.index,
        collection,
        recordId,
        before: theirs,
        after: data,
        counted: 0,
        tags: [],
        typed: [],
        erased: [],
        isPoison: false,
        inConflict: true,
        // By the id alone it stands on what the notice tells at the call, which a session may have made newer than what was shown.
        ...(isQuick ? {} : { saw }),
      })
    } catch (error) {
      if (!(error instanceof ReplicaError) || !EXPECTED.has(error.code)) throw error
    }
  }

  /** Nothing that a device has shown is ever shown older. */
  forgetSeen(device: SimDevice): void {
    for (const key of this.seen.keys()) if (key.startsWith(`${device.index} `)) this.seen.delete(key)
  }

  recordId(collection: string, n: number): string {
    return uuidv7(START_MS + (n % SHARED_RECORDS), new Chance(n % SHARED_RECORDS, collection).random)
  }

  private saw(device: SimDevice, collection: string, id: string, view: RecordView | null): void {
    const { epoch } = device.onDisk<Identity>('identity')
    // It has heard of a restore, and has not read everything anew yet.
    const isOld = device.onDisk<Position>('position').fullReason === 'epoch_changed'
    if (!view || isOld) return
    const key = `${device.index} ${epoch} ${collection}/${id}`
    const before = this.seen.get(key) ?? 0
    if (view.version < before && view.version > 0)
      this.ledger.blame(
        'R',
        `device ${device.index} showed ${collection}/${id} at ${before}, then at ${view.version}`,
      )
    this.seen.set(key, view.version)
  }

  private async writeAs(device: SimDevice, replica: Replica, write: Write): Promise<void> {
    const collection = replica.collection(write.collection)
    // All write in one text.
    const n = isText(write.collection) ? 0 : write.n
    const id = write.verb === 'new' ? null : this.recordId(write.collection, n)
    const before = id === null ? null : await collection.get(id)
    const place = `${write.collection}/${id ?? ''}`
    const wasCertain = !this.ledger.uncertain.has(place)
    // It stays so when the device dies before it has answered.
    this.ledger.uncertain.add(place)
    const settled = (): void => {
      if (wasCertain) this.ledger.uncertain.delete(place)
    }
    const performed = await this.perform(collection, id, before, write).catch((error: unknown) => {
      settled()
      throw error
    })
    if (!performed) return settled()
    const { done, typed, erased } = performed
    const after = await collection.get(done.recordId)
    this.saw(device, write.collection, done.recordId, after)
    this.readOwn(device, write, after, typed)
    this.remember(done.mutationId, {
      device: device.index,
      collection: write.collection,
      recordId: done.recordId,
      before: before?.data ?? null,
      after: after?.data ?? null,
      counted: before && write.verb === 'count' ? amountOf(write) : 0,
      tags: before && write.verb === 'tag' ? [write.id] : [],
      typed,
      erased,
      isPoison: false,
      inConflict: (before?.inConflict ?? false) || (after?.inConflict ?? false),
    })
    settled()
  }

  private async perform(
    collection: Collection,
    id: string | null,
    before: RecordView | null,
    write: Write,
  ): Promise<TextEdit | null> {
    if (isText(write.collection)) return before && this.writeText(collection, before, write)
    const done = await this.writeDocument(collection, id, before, write)
    return done && { done, typed: [], erased: [] }
  }

  private async writeText(
    collection: Collection,
    before: RecordView,
    write: Write,
  ): Promise<TextEdit | null> {
    if (!this.inOnePlace) return editText(collection, before.id, write)
    const key = `${write.device} ${write.collection}`
    const place = { last: this.typedLast.get(key), pending: before.pending }
    const edit = await editInOnePlace(collection, before.id, write, place)
    for (const one of edit?.typed ?? []) this.typedLast.set(key, tokenOf(write.collection, one))
    return edit
  }

  private async writeDocument(
    collection: Collection,
    id: string | null,
    before: RecordView | null,
    write: Write,
  ): Promise<TextEdit['done'] | null> {
    const title = `t${write.id}`
    if (write.collection === 'tallies') {
      const place = id ?? this.recordId(write.collection, write.n)
      if (!before) return collection.put(place, {})
      return write.verb === 'tag'
        ? collection.set(place, 'tags').add(write.id)
        : collection.counter(place, 'total').increment(amountOf(write))
    }
    if (write.verb === 'patch' && before) {
      // Not by what the record is chosen by: others write to other fields of it.
      const field = ['a', 'b', 'c'][Math.floor(write.n / SHARED_RECORDS) % 3] as string
      return collection.patch(before.id, { set: { [field]: write.id } })
    }
    if (write.verb === 'remove') return before ? collection.remove(before.id) : null
    return collection.put(id, { title, a: write.id })
  }

  /** R: a device shows its own change at once. */
  private readOwn(device: SimDevice, write: Write, after: RecordView | null, typed: TextEdit['typed']): void {
    const wrong = (): void =>
      this.ledger.blame(
        'R',
        `device ${device.index} does not show its own ${write.verb} of ${write.collection}: ${canonicalJson(after?.data ?? null)}`,
      )
    const data: JsonObject | null = after?.data ?? null
    if (isText(write.collection)) {
      const body = String(data?.['body'] ?? '')
      if (!data || typed.some((one) => !body.includes(tokenOf(write.collection, one)))) wrong()
    } else if (write.collection === 'tallies') {
      if (!data) wrong()
    } else if (write.verb === 'remove') {
      if (data) wrong()
    } else if (write.verb === 'new' || write.verb === 'put') {
      if (data?.['a'] !== write.id) wrong()
    }
  }

  /** Changes that were joined before they were sent are one mutation, from the first one's before to the last one's after. */
  private remember(mutationId: string, intent: Intent): void {
    const { intents } = this.ledger
    const earlier = intents.get(mutationId)
    if (!earlier) return void intents.set(mutationId, intent)
    intents.set(mutationId, {
      ...intent,
      before: earlier.before,
      counted: earlier.counted + intent.counted,
      tags: [...earlier.tags, ...intent.tags],
      typed: [...earlier.typed, ...intent.typed],
      erased: [...earlier.erased, ...intent.erased],
      isPoison: earlier.isPoison || intent.isPoison,
      inConflict: earlier.inConflict || intent.inConflict,
    })
  }
}

const amountOf = (write: Pick<Write, 'n'>): number => 1 + (write.n % 5)
