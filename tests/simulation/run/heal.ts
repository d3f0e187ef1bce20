import type { QuietTime } from '#lib/client/quiet-time.ts'
import type { SimDevice } from '../world/device.ts'
import { BACKOFF_CAP_MS, INTERVAL_MS, STATE_TOLD_EVERY_MS } from '../world/device.ts'
import { checkAccounts } from '../oracle/accounts.ts'
import { checkConvergence } from '../oracle/convergence.ts'
import { isBehind } from '../oracle/is-behind.ts'
import { checkTexts } from '../oracle/texts.ts'
import { TEXT_JUDGED } from '../world/windows.ts'
import { isUnheard, untold } from '../oracle/told.ts'
import { clearDesk, resumePaused } from './desk.ts'
import type { Stage } from './execute.ts'

/** L: what waits is sent this long after the longest wait that a device or the server asked for. */
const DRAINED_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 1_000
/** Longer than any breaker stays open. */
const WAIT_MAX_MS = 400_000
/** A decision at the desk lets changes go that may meet others again. */
const DESK_ROUNDS_MAX = 8
/** A server answers from what it knows of a device for some seconds. */
const REMEMBERED_MS = 10_000
const DESK_WITHIN_MS = 10_000

/** Everything is mended; then all must come to rest, and everybody must hold the same. */
export async function healAndCheck(stage: Stage): Promise<void> {
  const { world, ledger } = stage
  world.trace('healed')
  world.windows.heal()
  world.startServers()
  for (const device of world.devices) {
    device.forgetPlannedCrash()
    // What is damaged in silence is found at the next opening, or by the state hash.
    if (ledger.damaged.has(device.index)) device.crash()
    void device.open()
  }
  world.keepAlive()
  if (!(await world.complete(resumePaused(stage), DESK_WITHIN_MS)))
    return ledger.blame('L', 'the desk is not answered')
  await drain(stage, 'after the faults')
  await hearAll(stage)
  for (let round = 0; ; round++) {
    world.trace(`desk ${round}`)
    const cleared = clearDesk(stage)
    if (!(await world.complete(cleared, DESK_WITHIN_MS))) return ledger.blame('L', 'the desk is not answered')
    const behind = world.devices.filter((device) => isBehind(device, ledger))
    const decided = (await cleared) > 0
    if (!decided && behind.length === 0) break
    if (round === DESK_ROUNDS_MAX) return ledger.blame('L', 'decisions make new conflicts without end')
    // A device that hears only now of a restore sends again what the others must read then.
    await drain(stage, 'after the desk', await sync(stage, decided ? world.devices : behind))
    await hearAll(stage)
  }
  if (ledger.damaged.size > 0) await compareStates(stage)
  await checkConvergence(stage)
  await checkAccounts(stage)
  if (checkTexts(stage) > 0) world.windows.note(TEXT_JUDGED)
  for (const device of world.devices) device.crash()
}

/** News may wait in one process for what another one still has in memory; a config is heard of in one session and read in the next. */
async function hearAll(stage: Stage): Promise<void> {
  const { world, ledger } = stage
  for (let session = 0; session < 2; session++) {
    if ((await untold(stage)).length === 0 && !(await isUnheard(world))) return
    world.trace('news')
    await world.time.runUntil(world.time.elapsedMs + REMEMBERED_MS)
    await drain(stage, 'after the news', await sync(stage, world.devices))
  }
  for (const text of await untold(stage)) ledger.blame('A', text)
}

/** Until the devices have told their state hash, which a breaker may shut out at first, and those that differ have read anew. */
async function compareStates(stage: Stage): Promise<void> {
  const { world, ledger } = stage
  for (let round = 0; round < DESK_ROUNDS_MAX; round++) {
    if (round >= 2 && !world.devices.some((device) => isBehind(device, ledger))) return
    world.trace('states')
    await world.time.runUntil(world.time.elapsedMs + STATE_TOLD_EVERY_MS + LOOK_EVERY_MS)
    await drain(stage, 'after the comparison', await sync(stage, world.devices))
  }
}

/** By device, on its own clock: what it is at rest after. */
type Since = ReadonlyMap<SimDevice, number>

/** These devices, if they rest too, have a session now, or as soon as the server wants to hear of it. Gives the moment. */
async function sync({ world }: Stage, devices: readonly SimDevice[]): Promise<Since> {
  const since = new Map(devices.map((device) => [device, device.nowMs()]))
  for (const { replica } of devices) replica?.resume()
  await world.time.runUntil(world.time.elapsedMs + LOOK_EVERY_MS)
  return since
}

/**
 * Lets time pass until every device is at rest, and blames those that are not in time. One that is waits for the others
 * without asking every few seconds whether there is something new.
 */
async function drain({ world, ledger }: Stage, when: string, since: Since = new Map()): Promise<void> {
  const { time } = world
  const end = time.elapsedMs + WAIT_MAX_MS
  let deadline = time.elapsedMs + BACKOFF_CAP_MS * 1.5 + INTERVAL_MS * 1.5 + DRAINED_WITHIN_MS
  for (;;) {
    const busy = world.devices.filter((device) => !isAtRest(device, since.get(device) ?? -Infinity))
    for (const device of world.devices) if (!busy.includes(device)) device.replica?.pause()
    if (busy.length === 0) return
    // One that had an old conflict in view, and an answer still to come, was no longer at rest behind it.
    for (const { replica } of busy) if (replica?.status$.get().paused === 'here') replica.resume()
    for (const device of busy)
      deadline = Math.max(deadline, Math.min(end, time.elapsedMs + waitAskedOf(device) + DRAINED_WITHIN_MS))
    if (time.elapsedMs > deadline) {
      for (const device of busy)
        ledger.blame(
          'L',
          `device ${device.index} is stuck ${when}: ${JSON.stringify(device.replica?.status$.get() ?? 'closed')}`,
        )
      return
    }
    await time.runUntil(time.elapsedMs + LOOK_EVERY_MS)
  }
}

/** What the server told it to wait still. */
function waitAskedOf(device: SimDevice): number {
  return Math.max(0, (device.onDisk<QuietTime>('quiet').untilMs ?? 0) - device.nowMs())
}

/** Nothing waits but what a person must decide first. */
function isAtRest({ replica }: SimDevice, sinceMs: number): boolean {
  const status = replica?.status$.get()
  if (!replica || status?.state !== 'idle' || status.problem !== null || status.lastSyncedAt === null)
    return false
  if (Date.parse(status.lastSyncedAt) < sinceMs) return false
  return status.pending === 0 || replica.conflicts$.get().length > 0
}
