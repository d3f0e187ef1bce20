import { expect, test } from 'vitest'
import type { Replica } from '#lib/client/replica.ts'
import type { MutationResult } from '#lib/protocol/push.ts'
import { COLLECTION } from './support/authority.ts'
import type { World } from './support/device.ts'
import { createWorld } from './support/device.ts'

const RECORD = '01900000-0000-7000-8000-000000000001'
const CONFLICT = '01900000-0000-7000-8000-0000000000c1'
const NEXT = '01900000-0000-7000-8000-0000000000c2'
const LETTER = '01900000-0000-7000-8000-0000000000d1'
const NEWS = '01900000-0000-7000-8000-0000000000f1'
const DESK = '00000000-0000-0000-0000-000000000000'
const waits = { status: 'retry', code: 'contention', retryAfterMs: 60_000 } as const

type Original = Extract<MutationResult, { status: 'duplicate' }>['original']
const once =
  (original: object) =>
  (id: string): MutationResult => ({ id, status: 'duplicate', original: { id, ...original } as Original })
const dies = { status: 'dead_lettered', deadLetterId: LETTER, code: 'schema_mismatch', detail: '' } as const

interface Held {
  readonly world: World
  readonly replica: Replica
  readonly parent: string
  readonly child: string
  /** Mutation ids of each push since, in order. */
  sent(): readonly (readonly string[])[]
  /** The decision is made, and the device hears of it; the child then fares so. */
  decide(answer: (id: string) => MutationResult): Promise<void>
}

/** A change in conflict, and one that stands on it and waits behind the same conflict. */
async function heldBehind(): Promise<Held> {
  const world = createWorld()
  const { authority, clock } = world
  const replica = await world.open()
  await replica.sync()
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, ...waits })
  const reports = replica.collection(COLLECTION)
  const { mutationId: parent } = await reports.put(RECORD, { title: 'mine' })
  await replica.sync()
  const { mutationId: child } = await reports.patch(RECORD, { set: { note: 'held' } })
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId: CONFLICT })
  await clock.advance(60_000)
  await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ mutations: [{ id: parent }, { id: child }] }])
  const before = authority.pushes().length
  return {
    world,
    replica,
    parent,
    child,
    sent: () =>
      authority
        .pushes()
        .slice(before)
        .map(({ json }) => (json['mutations'] as { id: string }[]).map(({ id }) => id)),
    async decide(answer) {
      authority.write(RECORD, { title: 'mine' }, DESK)
      authority.script.commands = [{ id: NEWS, type: 'resolved', conflictId: CONFLICT }]
      authority.script.result = ({ id }) => answer(id)
      for (let n = 0; n < 3; n++) await replica.sync()
    },
  }
}

const acknowledged = ({ disk }: World): readonly number[] => [
  (JSON.parse(disk.tables.meta.get('counts') ?? '{}') as { acknowledged: number }).acknowledged,
  disk.tables.acknowledged.size,
]

test('[CM3] what waited behind a decided conflict is asked about once, and its own conflict is told', async () => {
  const { world, replica, child, sent, decide } = await heldBehind()
  const record = { ...world.authority.records.get(RECORD), versionVector: {} }
  await decide(once({ status: 'conflict', record, conflictId: NEXT }))
  expect(sent()).toEqual([[child]])
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId: NEXT, mutations: [{ id: child }] }])
  // It is shown as the device's own side again, and kept for a restore once.
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({
    data: { title: 'mine', note: 'held' },
    inConflict: true,
  })
  expect(acknowledged(world)).toEqual([2, 2])
  // The report of a session counts what it sent, not what it asked about once more.
  const counts = world.authority.sessions.map(({ pushed, conflicts }) => [pushed, conflicts])
  expect(counts.reduce((sum, [pushed = 0]) => sum + pushed, 0)).toBe(2)
  expect(counts.reduce((sum, [, conflicts = 0]) => sum + conflicts, 0)).toBe(2)
  await replica.close()
})

test('[CM1] a conflict that is told a second time may have been decided: the device asks', async () => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => once({ status: 'conflict', record, conflictId: CONFLICT })(id)
  authority.script.decided = [CONFLICT]
  await replica.collection(COLLECTION).put(RECORD, { title: 'mine' })
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  await replica.close()
})

test('[CM3] what applied meanwhile tells nothing, and is on top of nothing until the answer', async () => {
  const { world, replica, child, sent, decide } = await heldBehind()
  world.authority.script.fault = ({ path }) => (path === '/api/v1/push' ? 'refuse_connection' : undefined)
  await decide(once({ status: 'applied', version: 2 }))
  expect(replica.status$.get().pending).toBe(1)
  expect(await replica.collection(COLLECTION).get(RECORD)).toMatchObject({
    data: { title: 'mine' },
    pending: 0,
    inConflict: false,
  })
  world.authority.script.fault = () => undefined
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(new Set(sent().flat())).toEqual(new Set([child]))
  expect(replica.status$.get().pending).toBe(0)
  expect([replica.conflicts$.get(), replica.refusals$.get()]).toEqual([[], []])
  await replica.close()
})

test('[CM3] what died meanwhile is told as a dead letter', async () => {
  const { replica, child, decide } = await heldBehind()
  await decide(once(dies))
  expect(replica.deadLetters$.get()).toMatchObject([{ deadLetterId: LETTER, mutation: { id: child } }])
  await replica.close()
})

test('[CM3] a server that says no more has it all the same: nothing is refused', async () => {
  const { replica, child, sent, decide } = await heldBehind()
  await decide((id) => ({ id, status: 'refused', code: 'mutation_id_reused', serverHlc: '', detail: '' }))
  expect(sent()).toEqual([[child]])
  expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0 })
  await replica.close()
})

test('[CM3] a decision of the device’s own asks about it too', async () => {
  const { world, replica, child, sent } = await heldBehind()
  const { authority } = world
  const { mutationId: decision } = await replica
    .collection(COLLECTION)
    .put(RECORD, { title: 'both' }, { resolves: CONFLICT })
  const record = authority.write(RECORD, { title: 'both' })
  const again = once({ status: 'conflict', record, conflictId: NEXT })
  authority.script.result = ({ id }) =>
    id === child ? again(id) : { id, status: 'applied', version: record.version }
  await replica.sync()
  expect(sent()).toEqual([[decision], [child]])
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId: NEXT, mutations: [{ id: child }] }])
  await replica.close()
})

test.each([
  ['replayed', [NEXT]],
  ['discarded', []],
] as const)('[CM3] a letter that was %s leaves the notices; new conflicts: %s', async (type, conflicts) => {
  const { authority, open } = createWorld()
  const replica = await open()
  await replica.sync()
  authority.script.result = ({ id }) => ({ id, ...dies })
  const { mutationId } = await replica.collection(COLLECTION).put(RECORD, { title: 'mine' })
  await replica.sync()
  expect(replica.deadLetters$.get()).toHaveLength(1)
  // Another conflict of the record holds up what is new, and not the question.
  const record = authority.write(RECORD, { title: 'theirs' })
  authority.script.result = ({ id }) => ({ id, status: 'conflict', record, conflictId: CONFLICT })
  await replica.collection(COLLECTION).put(RECORD, { title: 'mine too' })
  await replica.sync()
  authority.script.result = ({ id }) => once({ status: 'conflict', record, conflictId: NEXT })(id)
  authority.script.commands = [{ id: NEWS, type, deadLetterId: LETTER }]
  const before = authority.pushes().length
  for (let n = 0; n < 2; n++) await replica.sync()
  expect(replica.deadLetters$.get()).toEqual([])
  const told = replica.conflicts$.get().map(({ conflictId }) => conflictId)
  expect(told).toEqual([CONFLICT, ...conflicts])
  const sent = authority.pushes().slice(before)
  expect(sent.flatMap(({ json }) => json['mutations'])).toMatchObject(
    conflicts.map(() => ({ id: mutationId })),
  )
  await replica.close()
})

test('[CM1] a version by the device itself, a letter’s replay, is no decision of its conflict', async () => {
  const { world, replica, child } = await heldBehind()
  const { authority } = world
  authority.write(RECORD, { title: 'replayed' }, replica.deviceId)
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(replica.conflicts$.get()).toMatchObject([{ conflictId: CONFLICT }])
  authority.write(RECORD, { title: 'decided' }, DESK)
  authority.script.decided = [CONFLICT]
  authority.script.result = ({ id }) => once({ status: 'applied', version: 2 })(id)
  for (let n = 0; n < 3; n++) await replica.sync()
  expect(replica.conflicts$.get()).toEqual([])
  expect(authority.pushes().at(-1)?.json['mutations']).toMatchObject([{ id: child }])
  await replica.close()
})
