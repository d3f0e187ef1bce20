import { isClockJump } from '#lib/engine/clock-offset.ts'
import { jsonEqual } from '#lib/kernel/json.ts'
import type { Device, Storage, StoredReport } from '#lib/storage/ports.ts'
import type { Clock } from '../surroundings.ts'
import type { DeviceKey } from './device-memory.ts'
import { deviceKey, DEVICES_REMEMBERED_MAX, DeviceMemory } from './device-memory.ts'

/** How long a contact may wait that tells nothing but that its device was there (decision 0041). */
export const CONTACTS_WRITTEN_EVERY_MS = 1_000
/** Contacts that wait; past it each is written before it is answered. */
const WAITING_MAX = 10_000
/** Of one statement, so that none holds its rows for long. */
const PER_STATEMENT_MAX = 500

export type App = Pick<Device, 'appVersion' | 'platform'>

interface Heard {
  readonly deviceId: string
  app: App
  /** The report that the storage has. */
  written: StoredReport
  /** The newest, which tells the same. */
  last: StoredReport
}

/**
 * What devices told this process last. A report that follows it and tells nothing else is written with those of other
 * devices within a second; everything else is written before the answer. So what a crash takes along is when a device
 * was here, for a second, and nothing that it told.
 */
export class Contacts {
  private readonly storage: Pick<Storage, 'devices'>
  private readonly heard: DeviceMemory<Heard>
  private readonly waiting = new Map<string, Map<string, Heard>>()
  private waitingCount = 0
  /** Devices of which another process heard a report of the same number that wasn't this one's. */
  private readonly copied = new Set<string>()
  /** By fleet: what is on its way to the storage. One fleet's rows may be locked while another's devices push. */
  private readonly writing = new Map<string, Promise<void>>()
  /** By fleet: the write that hasn't begun yet. */
  private readonly next = new Map<string, Promise<void>>()

  constructor({ storage, clock }: { storage: Pick<Storage, 'devices'>; clock: Clock }) {
    this.storage = storage
    this.heard = new DeviceMemory(clock)
  }

  /** Whether the device's report before this one was told to this process too; also true of the same one told again. */
  follows(device: DeviceKey, { seq, nonce }: Pick<StoredReport, 'seq' | 'nonce'>): boolean {
    const last = this.heard.get(device)?.last
    if (!last) return false
    return seq === last.seq + 1 || (seq === last.seq && nonce === last.nonce)
  }

  /** Keeps a report that tells nothing new; false when it has to be written before it is answered. */
  keep(device: DeviceKey, app: App, report: StoredReport): boolean {
    const known = this.heard.get(device)
    if (!known || report.seq !== known.last.seq + 1 || tellsNews(known, app, report)) return false
    const ofFleet = this.waiting.get(device.fleetId) ?? new Map<string, Heard>()
    if (!ofFleet.has(device.id) && this.waitingCount >= WAITING_MAX) return false
    if (!ofFleet.has(device.id)) this.waitingCount += 1
    this.waiting.set(device.fleetId, ofFleet.set(device.id, known))
    known.last = report
    return true
  }

  /** Notes a report that the storage has. Of one that came again only the app is news. */
  written(device: DeviceKey, app: App, report: StoredReport): void {
    const known = this.heard.get(device)
    if (known && known.last.seq >= report.seq) {
      known.app = app
      return
    }
    this.heard.set(device, { deviceId: device.id, app, written: report, last: report })
  }

  /** Whether there are two of this device, as was seen after an answer; it is told once. */
  takeCopied(device: DeviceKey): boolean {
    return this.copied.size > 0 && this.copied.delete(deviceKey(device))
  }

  /** Its next report is written before the answer, whatever it tells. */
  forget(device: DeviceKey): void {
    this.heard.forget(device)
  }

  /** Writes what waits of this device's fleet, if this device's is in it. */
  async settle({ fleetId, id }: DeviceKey): Promise<void> {
    if (this.waiting.get(fleetId)?.has(id)) await this.writeInTurn(fleetId)
  }

  /** Writes all that waits; one fleet's failure doesn't keep the others from theirs. @throws the first failure */
  async flush(): Promise<void> {
    const written = await Promise.allSettled([...this.waiting.keys()].map((id) => this.writeInTurn(id)))
    const failed = written.find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** Whoever asks while one write is under way shares the next: a storage that doesn't answer is waited for twice at most. */
  private writeInTurn(fleetId: string): Promise<void> {
    const shared = this.next.get(fleetId)
    if (shared) return shared
    const next = (this.writing.get(fleetId) ?? Promise.resolve()).then(() => {
      this.next.delete(fleetId)
      return this.writeFleet(fleetId)
    })
    // Who waits for `next` hears of its failure; this is for the order alone.
    const over = next
      .catch(() => undefined)
      .then(() => {
        if (this.writing.get(fleetId) === over) this.writing.delete(fleetId)
      })
    this.next.set(fleetId, next)
    this.writing.set(fleetId, over)
    return next
  }

  private async writeFleet(fleetId: string): Promise<void> {
    const ofFleet = this.waiting.get(fleetId) ?? new Map<string, Heard>()
    const all = [...ofFleet.values()].map((heard) => ({ heard, before: heard.written, report: heard.last }))
    for (let i = 0; i < all.length; i += PER_STATEMENT_MAX) {
      const some = all.slice(i, i + PER_STATEMENT_MAX)
      const rows = some.map(({ heard: { deviceId }, before, report }) => ({ deviceId, before, report }))
      const taken = await this.storage.devices.touchQuiet(fleetId, rows)
      for (const { heard, report } of some) {
        heard.written = report
        const { deviceId } = heard
        const isTaken = taken.has(deviceId)
        if (!isTaken) await this.lookForCopy({ fleetId, id: deviceId }, report)
        if ((!isTaken || heard.last === report) && ofFleet.delete(deviceId)) this.waitingCount -= 1
      }
    }
    if (ofFleet.size === 0) this.waiting.delete(fleetId)
  }

  /** Told elsewhere meanwhile: a device that has moved on, or a copy, which in step with it no later report would show. */
  private async lookForCopy(device: DeviceKey, { seq, nonce }: StoredReport): Promise<void> {
    this.forget(device)
    const kept = (await this.storage.devices.get(device.fleetId, device.id))?.report
    if (kept?.seq === seq && kept.nonce !== nonce && this.copied.size < DEVICES_REMEMBERED_MAX)
      this.copied.add(deviceKey(device))
  }
}

function tellsNews({ app, written, last }: Heard, named: App, next: StoredReport): boolean {
  return (
    app.appVersion !== named.appVersion ||
    app.platform !== named.platform ||
    written.state !== next.state ||
    written.depth !== next.depth ||
    written.oldestMadeAtMs !== next.oldestMadeAtMs ||
    !jsonEqual(written.byCollection, next.byCollection) ||
    isStep(written, next) ||
    isStep(last, next)
  )
}

/** CL2: each step is counted when its report is written. */
function isStep(before: StoredReport, after: StoredReport): boolean {
  if (before.offsetMs === null || after.offsetMs === null) return before.offsetMs !== after.offsetMs
  return isClockJump(
    { offsetMs: before.offsetMs, rttMs: before.rttMs ?? 0 },
    { offsetMs: after.offsetMs, rttMs: after.rttMs ?? 0 },
  )
}
