import { canonicalJson } from '#lib/kernel/json.ts'
import { COLLECTIONS } from '../world/collections.ts'
import type { SimDevice } from '../world/device.ts'
import type { Ledger } from './ledger.ts'
import type { World } from '../world/world.ts'

/** C: every device shows what the server has, and the server has what was committed. */
export async function checkConvergence({
  world,
  ledger,
}: {
  readonly world: World
  readonly ledger: Ledger
}): Promise<void> {
  const reads = COLLECTIONS.map(({ name }) => ({ collection: name, afterVersion: 0 }))
  const bounds = { limit: 100_000, maxBytes: 1e9 }
  const { records } = await world.database.storage.sync.pull(world.fleetId, reads, bounds)
  const committed = new Map<string, string>()
  for (const [key, { versions }] of ledger.history.records) {
    const data = versions.at(-1)?.data
    if (data) committed.set(key, canonicalJson(data))
  }
  const held = new Map(
    records.flatMap((one) =>
      one.data ? [[`${one.collection}/${one.recordId}`, canonicalJson(one.data)] as const] : [],
    ),
  )
  compare(committed, held, (key, was, is) =>
    ledger.blame('C', `the server has ${key} as ${is}, committed was ${was}`),
  )
  for (const device of world.devices) {
    const shown = new Map<string, string>()
    for (const { name } of COLLECTIONS)
      for (const { id, data } of (await device.replica?.collection(name).query()) ?? [])
        shown.set(`${name}/${id}`, canonicalJson(data))
    const undecided = undecidedFor(world, device)
    compare(held, shown, (key, was, is) => {
      if (undecided.has(key)) return
      const text = `device ${device.index} shows ${key} as ${is}, the server has ${was}`
      ledger.blame(was === undefined ? 'Z' : 'C', text)
    })
  }
}

/**
 * Whose conflicts nobody closes (docs/simulation.md), so that it goes on showing its own side: a twin may not hear that
 * one which both had was decided, and what a device without room gave up it doesn't send again after a restore.
 */
function undecidedFor(world: World, { replica, index }: SimDevice): ReadonlySet<string> {
  const { hits, cramped } = world.windows
  const isLeftOpen = hits.has('clone') || (hits.has('restore') && cramped.has(index))
  const notices = isLeftOpen ? (replica?.conflicts$.get() ?? []) : []
  return new Set(notices.map(({ collection, recordId }) => `${collection}/${recordId}`))
}

function compare(
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
  differs: (key: string, left: string | undefined, right: string | undefined) => void,
): void {
  for (const key of new Set([...left.keys(), ...right.keys()]))
    if (left.get(key) !== right.get(key)) differs(key, left.get(key), right.get(key))
}
