import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { canonicalJson } from '#lib/kernel/json.ts'
import { COLLECTIONS } from '../world/collections.ts'
import type { SimDevice } from '../world/device.ts'
import type { Ledger } from './ledger.ts'
import { broughtUp } from './migrations.ts'
import type { World } from '../world/world.ts'

/** C: every device shows what the server has, as today's schema has it, and the server has what was committed. */
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
    records.flatMap(({ collection, recordId, data }) =>
      data === 'null'
        ? []
        : [[`${collection}/${recordId}`, canonicalJson(JSON.parse(data) as Json)] as const],
    ),
  )
  compare(committed, held, (key, was, is) =>
    ledger.blame('C', `the server has ${key} as ${is}, committed was ${was}`),
  )
  const all = await world.database.storage.collections.list(world.fleetId)
  const migrations = new Map(all.map(({ name, upMigrations }) => [name, upMigrations]))
  const today = new Map(
    records.flatMap(({ collection, recordId, data: text, schemaVersion }) => {
      const data = JSON.parse(text) as JsonObject | null
      const made = data && broughtUp(data, schemaVersion, migrations.get(collection) ?? [])
      return made ? [[`${collection}/${recordId}`, canonicalJson(made)] as const] : []
    }),
  )
  for (const device of world.devices) {
    const shown = new Map<string, string>()
    for (const { name } of COLLECTIONS)
      for (const { id, data } of (await device.replica?.collection(name).query()) ?? [])
        shown.set(`${name}/${id}`, canonicalJson(data))
    const undecided = undecidedFor(world, device)
    compare(today, shown, (key, was, is) => {
      if (undecided.has(key)) return
      const text = `device ${device.index} shows ${key} as ${is}, the server has ${was}`
      ledger.blame(was === undefined ? 'Z' : 'C', text)
    })
  }
}

/** A twin may not hear that a conflict which both had was decided (docs/simulation.md): it goes on showing its own side. */
function undecidedFor(world: World, { replica }: SimDevice): ReadonlySet<string> {
  const notices = world.windows.hits.has('clone') ? (replica?.conflicts$.get() ?? []) : []
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
