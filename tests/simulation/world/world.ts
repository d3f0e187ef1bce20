import { CONTACTS_WRITTEN_EVERY_MS } from '#lib/application/devices/contacts.ts'
import type { MemoryDisk } from '#lib/client/memory-store.ts'
import type { PushWrites } from '#lib/storage/ports.ts'
import { Chance } from './chance.ts'
import { Database } from './database.ts'
import type { DeviceParts } from './device.ts'
import { SimDevice } from './device.ts'
import { START_MS } from './fleet.ts'
import type { SetUpFleet } from './fleet.ts'
import type { Answered } from './network.ts'
import { Network } from './network.ts'
import type { Plan } from './plan.ts'
import type { Sealing } from './seal.ts'
import { sealInto } from './seal.ts'
import type { ServerLife } from './server.ts'
import { startServer } from './server.ts'
import { storageThrough } from './storage-line.ts'
import { VirtualTime } from './virtual-time.ts'
import { TEXT_TOLD_SINCE, Windows } from './windows.ts'

/** What watches a run from outside the engine. */
export interface Watcher {
  committed(writes: PushWrites): void
  answered(answered: Answered): void
  serverError(message: string): void
}

const KEEP_MS = 35 * 86_400_000

/** Everything of one run: devices, servers, the database between them, and what is wrong with it all. */
export class World {
  readonly plan: Plan
  readonly fleetId: string
  readonly time = new VirtualTime()
  readonly windows = new Windows(this.time)
  readonly database: Database
  readonly devices: SimDevice[] = []
  readonly traced: string[] = []
  serverClockErrorMs = 0
  private readonly lives: (ServerLife | null)[] = []
  readonly network: Network
  private readonly fleet: SetUpFleet
  private readonly watcher: Watcher
  private readonly chance: Chance
  private starts = 0
  private dying: { commits: number; readonly moment: 'before' | 'after' } | null = null

  constructor(plan: Plan, fleet: SetUpFleet, watcher: Watcher) {
    this.plan = plan
    this.fleet = fleet
    this.fleetId = fleet.fleetId
    this.watcher = watcher
    this.chance = new Chance(plan.seed, 'world')
    this.database = new Database(fleet.state.copy(() => this.serverNowMs()))
    this.network = new Network({
      time: this.time,
      chance: new Chance(plan.seed, 'network'),
      windows: this.windows,
      servers: () => this.servers(),
      onAnswer: (answered) => {
        if (answered.text.includes('"textsSince"')) this.windows.note(TEXT_TOLD_SINCE)
        watcher.answered(answered)
      },
      trace: (line) => this.trace(line),
    })
    for (let index = 0; index < plan.servers; index++) this.startServer(index)
    for (let index = 0; index < plan.devices; index++) this.addDevice()
  }

  get enrollmentKey(): string {
    return this.fleet.enrollmentKey
  }

  /** What this run gives to whatever reaches for the platform. */
  get sealing(): Sealing {
    const { random } = new Chance(this.plan.seed, 'platform')
    return { time: this.time, random, startMs: START_MS }
  }

  seal(): void {
    sealInto(this.sealing)
  }

  trace(line: string): void {
    this.traced.push(`${this.time.elapsedMs} ${line}`)
  }

  serverNowMs(): number {
    return START_MS + this.time.elapsedMs + this.serverClockErrorMs
  }

  /** Those that run. */
  servers(): readonly ServerLife[] {
    return this.lives.filter((life) => life !== null)
  }

  addDevice(disk?: MemoryDisk, clockErrorMs = 0): SimDevice {
    const device = new SimDevice(this.deviceParts(this.devices.length), disk, clockErrorMs)
    this.devices.push(device)
    return device
  }

  cloneDevice(of: SimDevice): SimDevice {
    const twin = of.clone(this.deviceParts(this.devices.length))
    this.devices.push(twin)
    return twin
  }

  startServer(index: number): void {
    if (this.lives[index]) return
    const chance = new Chance(this.plan.seed, `server ${index} ${this.starts++}`)
    let life: ServerLife | null = null
    const onError = (message: string): void => this.watcher.serverError(message)
    const nowMs = (): number => this.serverNowMs()
    const storage = storageThrough({
      storage: () => this.database.storage,
      isDead: () => life?.isDead ?? false,
      runs: async () => {
        const ms = this.windows.leftMs('server_stopped', index)
        if (ms > 0) {
          this.windows.note('server_stopped')
          await this.time.sleep(ms)
        }
      },
      isDown: () => this.hits(chance, 'storage_down', index),
      isContended: () => this.hits(chance, 'contention', index),
      commitMs: () => (this.hits(chance, 'slow_commit', index) ? chance.int(5, 2_000) : 0),
      sleep: (ms) => this.time.sleep(ms),
      diesAt: (moment) => {
        if (this.dying?.moment !== moment || this.dying.commits-- > 0) return false
        this.dying = null
        this.trace(`s${index} dies ${moment} a commit`)
        this.windows.note('server_kill_at_commit')
        this.killServer(index)
        return true
      },
      committed: (writes) => {
        this.database.commits.push(writes)
        this.watcher.committed(writes)
      },
    })
    life = startServer({ index, storage, nowMs, chance, onError })
    this.lives[index] = life
    this.writeContacts(life)
  }

  /** Once a second, as a process does while it lives. */
  private writeContacts(life: ServerLife): void {
    if (life.isDead) return
    // What a database that is away doesn't take waits for the next time.
    void life.ctx.contacts.flush().catch(() => undefined)
    this.time.after(CONTACTS_WRITTEN_EVERY_MS, () => this.writeContacts(life))
  }

  /** A copy of what is committed, taken between two transactions. */
  async backUp(): Promise<void> {
    await this.database.state.inFleet(this.fleetId, () => this.database.backUp())
  }

  /** Retention, as the leader has it done each hour. */
  async cleanUp(): Promise<void> {
    const keep = { eventsMs: KEEP_MS, sessionsMs: KEEP_MS, minutesMs: KEEP_MS, hoursMs: KEEP_MS }
    await this.database.storage.maintenance.applyRetention(this.serverNowMs(), keep, {
      size: 1_000,
      rounds: 10,
    })
  }

  /** Lets time pass until the work is done, or for so long. */
  async complete(work: Promise<unknown>, withinMs: number): Promise<boolean> {
    let isDone = false
    void work.finally(() => (isDone = true)).catch(() => undefined)
    const end = this.time.elapsedMs + withinMs
    while (!isDone && this.time.elapsedMs < end) await this.time.runUntil(this.time.elapsedMs + 50)
    return isDone
  }

  /** kill -9: what it was doing is over; its connections break, and its supervisor starts it again. */
  killServer(index: number): void {
    const life = this.lives[index]
    if (!life) return
    life.isDead = true
    this.lives[index] = null
    for (const hangUp of life.connections) hangUp()
    this.time.after(this.chance.int(200, 3_000), () => this.startServer(index))
  }

  killServerAtCommit(commits: number, moment: 'before' | 'after'): void {
    this.dying = { commits, moment }
  }

  /** No process dies any more. */
  keepAlive(): void {
    this.dying = null
  }

  startServers(): void {
    for (let index = 0; index < this.plan.servers; index++) this.startServer(index)
  }

  private hits(chance: Chance, kind: 'storage_down' | 'contention' | 'slow_commit', index: number): boolean {
    const hit = chance.hits(this.windows.probability(kind, index))
    if (hit) this.windows.note(kind)
    return hit
  }

  private deviceParts(index: number): DeviceParts {
    return {
      index,
      time: this.time,
      startMs: START_MS,
      windows: this.windows,
      network: this.network,
      chance: new Chance(this.plan.seed, `device ${index}`),
      enrollmentKey: this.fleet.enrollmentKey,
      trace: (line) => this.trace(line),
    }
  }
}
