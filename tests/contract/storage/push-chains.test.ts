import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ANCESTORS_MAX } from '#lib/storage/change-rows.ts'
import type { PushPlan, Storage } from '#lib/storage/ports.ts'
import {
  BACKENDS,
  changeOf,
  commit,
  conflictEffect,
  fleetWithDevice,
  letterEffect,
  makeDevice,
  opened,
  planOf,
} from './world.ts'

/** Of two chains that are more than one walk is long together. */
const HALF = 270

describe.each(BACKENDS)('what a push loads of chains, on $name', (backend) => {
  const current = opened(backend)

  /** A chain of changes, oldest first; the first one is made after `root`. */
  async function chainOf(
    { storage, fleetId, deviceId }: Awaited<ReturnType<typeof fleetWithDevice>>,
    links: number,
    root?: string,
  ): Promise<string[]> {
    const ids = Array.from({ length: links }, () => randomUUID())
    await commit(storage, fleetId, (head) =>
      ids.map((mutationId, i) => {
        const after = i === 0 ? root : ids[i - 1]
        return changeOf({
          deviceId,
          mutationId,
          version: head + i + 1,
          ...(after !== undefined && { after }),
        })
      }),
    )
    return ids
  }
  const loadMutations = async (storage: Storage, fleetId: string, mutationIds: readonly string[]) =>
    new Set(
      (await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), mutationIds }))).mutations.keys(),
    )

  it('[PU3] loads ancestors by `after`, also in a circle', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const ids = Array.from({ length: 20 }, () => randomUUID())
    await commit(storage, fleetId, () =>
      ids.map((mutationId, i) =>
        changeOf({ deviceId, mutationId, version: i + 1, after: ids[(i + 19) % 20] as string }),
      ),
    )
    const load = (mutationIds: string[]) => loadMutations(storage, fleetId, mutationIds)
    expect((await load([ids[7] as string])).size).toBe(20)
    expect((await load([ids[7] as string, ids[12] as string, ids[13] as string])).size).toBe(20)
    expect((await load([randomUUID()])).size).toBe(0)
  })

  it('[PU3] [PU4] loads as many links up from each of a group as it would from that one alone', async () => {
    const own = await fleetWithDevice(current().storage)
    const { storage, fleetId } = own
    const [one, two] = [await chainOf(own, HALF), await chainOf(own, HALF)]
    const [long, longer] = [await chainOf(own, ANCESTORS_MAX + 1), await chainOf(own, ANCESTORS_MAX + 2)]
    const load = (mutationIds: readonly string[]) => loadMutations(storage, fleetId, mutationIds)
    const lasts = [one, two, long, longer].map((ids) => ids.at(-1) as string)
    expect(await load(lasts)).toEqual(new Set([...one, ...two, ...long, ...longer.slice(1)]))
    // What is asked for itself ends no walk early: from there it goes as far again.
    const middle = longer.at(-2) as string
    expect(await load([...lasts.slice(3), middle])).toEqual(new Set(longer))
  })

  it('[PU3] [PU4] what two go on from at different heights is as near as from the nearer one', async () => {
    const own = await fleetWithDevice(current().storage)
    const { storage, fleetId } = own
    const trunk = await chainOf(own, ANCESTORS_MAX + 3)
    const near = await chainOf(own, 1, trunk.at(-1))
    const far = await chainOf(own, 5, trunk.at(-1))
    const load = (mutationIds: readonly string[]) => loadMutations(storage, fleetId, mutationIds)
    expect(await load(near)).toEqual(new Set([...trunk.slice(3), ...near]))
    expect(await load(far.slice(-1))).toEqual(new Set([...trunk.slice(7), ...far]))
    expect(await load([...near, ...far.slice(-1)])).toEqual(new Set([...trunk.slice(3), ...near, ...far]))
  })

  it('[PU3] [AF4] an edited form is as near as the dead letter whose place it took', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const dead: string[] = []
    const edited: string[] = []
    await commit(storage, fleetId, (head) =>
      Array.from({ length: ANCESTORS_MAX + 2 }, (_, i) => {
        const after = dead[i - 1]
        const made = { deviceId, ...(after !== undefined && { after }) }
        const deadLetter = letterEffect()
        const letter = changeOf({ ...made, version: null, deadLetter })
        const editOf = letter.incoming.mutation.id
        const again = changeOf({ ...made, version: head + i + 1, editOf, replayOf: deadLetter.id })
        dead.push(editOf)
        edited.push(again.incoming.mutation.id)
        return [letter, again]
      }).flat(),
    )
    const loaded = await loadMutations(storage, fleetId, [dead.at(-1) as string])
    expect(loaded).toEqual(new Set([...dead.slice(1), ...edited.slice(1)]))
  })

  it('[FK2] [AF3] names the other ids of whose changes run without a push of theirs: those of letters, and of what is held', async () => {
    const { storage, fleetId, deviceId } = await fleetWithDevice(current().storage)
    const [former, other] = [await makeDevice(storage, fleetId), await makeDevice(storage, fleetId)]
    const [fork, twin] = [
      await makeDevice(storage, fleetId, {}, former.id),
      await makeDevice(storage, fleetId, {}, other.id),
    ]
    const open = conflictEffect({ outcome: 'manual', local: null, result: null, resolution: null })
    const held = [deviceId, fork.id].map((id) => changeOf({ deviceId: id, version: null, heldBy: open.id }))
    await commit(storage, fleetId, () => [changeOf({ deviceId, version: null, conflict: open }), ...held])
    const linked = async (more: Partial<PushPlan>) => {
      const snapshot = await storage.sync.transact(fleetId, (tx) => tx.load({ ...planOf(), ...more }))
      return Object.fromEntries(snapshot.linked)
    }
    expect(await linked({})).toEqual({})
    expect(await linked({ conflictIds: [open.id] })).toEqual({ [deviceId]: [], [fork.id]: [former.id] })
    expect(await linked({ linksOf: [twin.id, deviceId] })).toEqual({ [deviceId]: [], [twin.id]: [other.id] })
    const both = { [deviceId]: [], [fork.id]: [former.id], [twin.id]: [other.id] }
    expect(await linked({ conflictIds: [open.id], linksOf: [twin.id] })).toEqual(both)
  })

  it('[PU3] [AF3] loads as many links up from each that waits behind a conflict', async () => {
    const own = await fleetWithDevice(current().storage)
    const { storage, fleetId, deviceId } = own
    const chains = [await chainOf(own, HALF), await chainOf(own, HALF)]
    const open = conflictEffect({ outcome: 'manual', local: null, result: null, resolution: null })
    const waiting = chains.map((ids) =>
      changeOf({ deviceId, version: null, heldBy: open.id, after: ids.at(-1) as string }),
    )
    await commit(storage, fleetId, () => [changeOf({ deviceId, version: null, conflict: open }), ...waiting])
    const { mutations } = await storage.sync.transact(fleetId, (tx) =>
      tx.load({ ...planOf(), conflictIds: [open.id] }),
    )
    const ids = waiting.map(({ incoming }) => incoming.mutation.id)
    expect(new Set(mutations.keys())).toEqual(new Set([...chains.flat(), ...ids]))
  })
})
