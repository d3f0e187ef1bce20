import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import { commandDevice } from '#lib/application/devices/command-device.ts'
import { TOMBSTONE_LIFE_MS } from '#lib/protocol/limits.ts'
import { LEADER_TURN_MS } from '#lib/application/leader.ts'
import type { Context } from '#lib/application/context.ts'
import type { Collection } from '#lib/storage/ports.ts'
import { TABLES } from '#lib/client/store.ts'
import type { Position } from '#lib/client/tables.ts'
import { Chance } from '../world/chance.ts'
import type { UpMigrationOp } from '#lib/protocol/rules.ts'
import { widened } from '../world/collections.ts'
import type { SimDevice } from '../world/device.ts'
import type { MomentKind, Operation } from '../world/plan.ts'
import type { Stage } from './execute.ts'
import { restoreBackup } from './restore-backup.ts'

type Moment = Extract<Operation, { m: number }>
type Action = (stage: Stage, device: SimDevice, moment: Moment) => Promise<void> | void

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Within the life of everything; and past that of tokens, stored responses and tombstones. */
const WINTERS_MS = [20 * DAY_MS, 46 * DAY_MS] as const
const COMMANDS = ['resync', 'rotate', 'pause', 'send_diagnostics'] as const
const STORM = 10
/** Worlds in which a new schema version has steps for older documents. */
const MIGRATIONS_SHARE = 1 / 8

/** What happens at one moment, by its kind. Each notes that it did what it is called after. */
export const MOMENTS: Readonly<Record<MomentKind, Action>> = {
  device_crash({ world }, device, { n }) {
    if (!device.isUp) return
    world.windows.note('device_crash')
    device.crash()
    world.time.after(100 + n * 4, () => void device.open())
  },

  device_crash_at_step({ world }, device, { n, m }) {
    device.crashAtStep(n % 12, m % 2 === 0 ? 'before' : 'after', () => {
      world.windows.note('device_crash_at_step')
      world.time.after(100 + n * 4, () => void device.open())
    })
  },

  server_kill({ world }, _, { n }) {
    world.windows.note('server_kill')
    world.killServer(n % world.plan.servers)
  },

  server_kill_at_commit({ world }, _, { n, m }) {
    world.killServerAtCommit(n % 3, m % 2 === 0 ? 'before' : 'after')
  },

  clock_step({ world }, device, { n, m }) {
    world.windows.note('clock_step')
    device.clockErrorMs += (m % 2 === 0 ? 1 : -1) * (n % 2 === 0 ? HOUR_MS : n * 100)
  },

  server_clock_step({ world }, _, { n, m }) {
    world.windows.note('server_clock_step')
    world.serverClockErrorMs += (m % 2 === 0 ? 1 : -1) * (n % 4 === 0 ? HOUR_MS / 6 : n * 5)
  },

  /** Copied while it is switched off: an opening that goes on beside its copy joins changes to what both have. */
  clone({ world }, device, { n }) {
    world.windows.note('clone')
    device.crash()
    const twin = world.cloneDevice(device)
    world.time.after(n / 2, () => void device.open())
    world.time.after(n, () => void twin.open())
  },

  async backup({ world }) {
    world.windows.note('backup')
    await world.backUp()
  },

  restore: (stage) => restoreBackup(stage),

  /** Of another device, of nobody, or with one character changed. */
  corrupt_token({ world, ledger }, device, { n, m }) {
    const position = device.onDisk<Position>('position')
    if (!position.token) return
    world.windows.note('corrupt_token')
    const other = world.devices[(device.index + 1) % world.devices.length] as SimDevice
    const foreign = other.onDisk<Position>('position').token
    const at = m % position.token.length
    const flipped = position.token[at] === 'A' ? 'B' : 'A'
    const altered = position.token.slice(0, at) + flipped + position.token.slice(at + 1)
    const token = [altered, foreign ?? altered, 'nonsense'][n % 3] as string
    ledger.altered.set(device.index, token)
    device.disk.tables.meta.set('position', JSON.stringify({ ...position, token }))
  },

  async poison({ world, users }, device, moment) {
    world.windows.note('poison')
    await users.poison(device, moment)
  },

  async publish({ world }, _, { n }) {
    const ctx = world.servers()[0]?.ctx
    if (!ctx) return
    const migrates = new Chance(world.plan.seed, 'migrations').hits(MIGRATIONS_SHARE)
    await publishNext(ctx, world.fleetId, n, migrates ? stepsFrom : noSteps).then(
      () => world.windows.note('publish'),
      () => world.trace('nothing published'),
    )
  },

  retry_storm({ world }, device) {
    world.network.storm(device.index, STORM)
  },

  async command({ world }, device, { n, m }) {
    const ctx = world.servers()[0]?.ctx
    if (!ctx || !device.replica) return
    world.windows.note('command')
    const type = COMMANDS[n % COMMANDS.length] as (typeof COMMANDS)[number]
    const input = { actor: SYSTEM, fleetId: world.fleetId, id: device.replica.deviceId }
    const order = (what: string): Promise<unknown> =>
      commandDevice(ctx, {
        ...input,
        body: { type: what === 'send_diagnostics' ? 'diagnostics' : what },
      }).catch(() => undefined)
    await order(type)
    if (type === 'pause') world.time.after(500 + m, () => void order('resume'))
  },

  async reuse_id({ gateway, ledger, world }, _, { n }) {
    const known = [...ledger.history.effects.keys()]
    const id = known[n % known.length]
    if (id === undefined) return
    world.windows.note('reuse_id')
    await gateway.reuse(id)
  },

  async atomic_push({ gateway, world }, _, { n, m }) {
    world.windows.note('atomic_push')
    await gateway.pushAtomically(n, m)
  },

  /** Everybody is off for longer than the server keeps what they may miss; then it cleans up. */
  async winter({ world, ledger, users }, _, { n }) {
    world.windows.note('winter')
    ledger.forgetAnswers()
    for (const device of world.devices) device.crash()
    for (let index = 0; index < world.plan.servers; index++) world.killServer(index)
    world.database.forgetBackup()
    // A rotation ends them in a day, heard of or not; a message may be on its way with one all winter.
    for (const [hash, { endsAtMs }] of world.database.state.fleetTables(world.fleetId).tokens.entries())
      if (endsAtMs !== null) ledger.ended.add(hash)
    const winterMs = WINTERS_MS[n % 2] as number
    world.time.leap(winterMs)
    // Replaced documents live as long as tombstones.
    if (winterMs > TOMBSTONE_LIFE_MS) ledger.history.forgetReplaced()
    world.startServers()
    for (const device of world.devices) {
      users.forgetSeen(device)
      world.time.after(LEADER_TURN_MS + device.index * 500, () => void device.open())
    }
    await world.cleanUp()
  },

  damage({ world, ledger }, device, { n, m }) {
    const table = TABLES[n % TABLES.length] as (typeof TABLES)[number]
    const rows = [...device.disk.tables[table].keys()]
    const key = rows[m % rows.length]
    if (key === undefined) return
    world.windows.note('damage')
    ledger.damaged.add(device.index)
    if (n % 2 === 0) device.disk.tables[table].set(key, '{"broken')
    else device.disk.tables[table].delete(key)
  },
}

async function publishNext(
  ctx: Context,
  fleetId: string,
  n: number,
  steps: (version: number) => readonly UpMigrationOp[],
): Promise<void> {
  const collections = await ctx.storage.collections.list(fleetId)
  const plain = collections.filter(({ strategy }) => strategy !== 'crdt' && strategy !== 'ot')
  const { id, version, schemaVersion, upMigrations } = plain[n % plain.length] as Collection
  const ops = steps(schemaVersion)
  const added = ops.length === 0 ? [] : [{ from: schemaVersion, to: schemaVersion + 1, ops }]
  const body = {
    version,
    schema: widened(schemaVersion),
    ...(added.length > 0 && { upMigrations: [...upMigrations, ...added] }),
  }
  await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body })
}

const noSteps = (): readonly UpMigrationOp[] => []

/** What the version adds has a value in every document, and what the one before added moves. */
const stepsFrom = (version: number): readonly UpMigrationOp[] => [
  { op: 'default', path: `/extra${version}`, value: `of ${version}` },
  { op: 'rename', path: `/extra${version - 1}`, to: `/moved${version - 1}` },
]
