import type { Random } from '#lib/kernel/random.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import type { DeviceInfo } from '#lib/protocol/device.ts'
import { browserNetwork } from './browser-network.ts'
import type { AppSchemas } from './collection.ts'
import type { Clock } from './clock.ts'
import { steadyClock, systemClock, toIso } from './clock.ts'
import { ReplicaError } from './errors.ts'
import { newIdentity } from './new-identity.ts'
import type { LogEntry } from './log.ts'
import { createMachine } from './machine.ts'
import { callApp, createSubject } from './observable.ts'
import type { Finding } from './inspect-store.ts'
import { inspect } from './inspect-store.ts'
import type { Network, Replica } from './replica.ts'
import { startReplica } from './replica.ts'
import { fetched, forkParts } from './on-demand.ts'
import type { ReplicaContext } from './run.ts'
import type { ReplicaStatus } from './status.ts'
import { readStoredStatus } from './status.ts'
import type { ReplicaStore, StoreTx } from './store.ts'
import type { Identity } from './tables.ts'
import { TIMER_MS_MAX } from './scheduler.ts'
import { NO_POSITION, getMeta, setMeta } from './tables.ts'
import { createTightStore } from './tight-store.ts'
import { createTransport } from './transport.ts'
import type { SyncOptions } from './wait.ts'
import type { AppSchema } from './write.ts'

export interface ReplicaOptions {
  /** The server's base URL. */
  readonly url: string
  /** Enrolls the device at its first session; until then it works offline. */
  readonly enrollmentKey?: string
  /** For a device that was enrolled elsewhere: its token, and with an empty store also the id it was enrolled under. */
  readonly token?: string
  readonly deviceId?: string
  readonly device: DeviceInfo
  readonly store: ReplicaStore
  readonly clock?: Clock
  readonly random?: Random
  readonly fetch?: typeof fetch
  /** In a browser its own word on the connection, when absent. */
  readonly network?: Network
  readonly sync?: SyncOptions
  /**
   * The schema versions that the app's code writes, by collection: an older one runs through the collection's
   * up-migrations on the server, a newer one waits there until it is published (DL5). Without: the server's newest.
   */
  readonly schemas?: AppSchemas
  readonly onLog?: (entry: LogEntry) => void
}

const REQUEST_TIMEOUT_MS = 20_000
/** How often a device has its state compared: a device that differs reads everything anew at most so often. */
const STATE_TOLD_EVERY_MS = 86_400_000
/** A session renews its lease before and after each request, when it is a second old (session-lock.ts). */
const LEASE_SLACK_MS = 5_000

/**
 * Opens this device's copy of the data. It can be read and written at once; sessions run by themselves unless
 * `sync.auto` is false. Fails with ReplicaError `invalid_options`, or as its store fails.
 */
export async function openReplica(options: ReplicaOptions): Promise<Replica> {
  checkOptions(options)
  const { random = Math.random, sync = {}, device } = options
  const clock = steadyClock(options.clock ?? systemClock, () => log('clock_stopped', {}))
  const log: ReplicaContext['log'] = (event, detail) =>
    callApp(() => options.onLog?.({ at: toIso(clock.now()), event, detail }))
  const store = createTightStore(options.store)
  const makeIdentity = (): Identity =>
    identityFor(options, newIdentity(options.deviceId, clock.now(), random))
  if (store.isDamaged() || (await lookOver(options.store)) !== 'sound') {
    const { recover } = await fetched(import('./recover.ts'))
    await recover(store, { nowMs: clock.now(), newIdentity: makeIdentity, wasOpen: false })
  }
  const timeoutMs = sync.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const stored = await store.transact(async (tx) => {
    await ensureIdentity(tx, options, makeIdentity)
    await setMeta(tx, 'plainReports', null)
    return readStoredStatus(tx)
  })
  const initial = initialStatus(stored)
  const status = createSubject(initial)
  const machine = createMachine(
    clock,
    (state) => {
      status.set({ ...status.get(), state })
      log('transition', { state })
    },
    (state, event) => log('transition_refused', { state, event }),
  )
  const cutOff = new AbortController()
  const transport = createTransport({
    url: options.url,
    app: `${device.appVersion};${device.platform}`,
    clock,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    timeoutMs,
  })
  const enrollmentKey = options.enrollmentKey ?? null
  const leaseMs = timeoutMs + LEASE_SLACK_MS
  const context = {
    store,
    transport,
    clock,
    random,
    device,
    enrollmentKey,
    log,
    machine,
    status: () => status.get(),
    leaseMs,
    stateToldEveryMs: sync.stateToldEveryMs ?? STATE_TOLD_EVERY_MS,
    abort: cutOff.signal,
  }
  return startReplica({
    context,
    cutOff,
    initial,
    status,
    makeIdentity,
    network: options.network ?? browserNetwork(),
    sync,
    schemas: Object.assign(Object.create(null) as AppSchemas, options.schemas),
  })
}

/** A transaction that met a broken page may fail at its end too, whatever its work made of it. */
const lookOver = (store: ReplicaStore): Promise<Finding> =>
  store.transact(inspect).catch((error: unknown) => {
    if (error instanceof ReplicaError && error.code === 'store_corrupt') return 'damaged'
    throw error
  })

function initialStatus({
  pausedByServer,
  ...stored
}: Awaited<ReturnType<typeof readStoredStatus>>): ReplicaStatus {
  const paused = pausedByServer ? 'by_server' : 'no'
  return { ...stored, state: 'idle', paused, lastSyncedAt: null, nextSyncAt: null, problem: null }
}

/** Told at the opening: a session would only find the server unwilling, or never wait for its next one. */
function checkOptions(options: ReplicaOptions): void {
  try {
    checkEach(options)
  } catch (error) {
    // What isn't even of its type.
    throw error instanceof ReplicaError ? error : new ReplicaError('invalid_options', String(error))
  }
}

function checkEach(options: ReplicaOptions): void {
  const { url, device, token, deviceId, schemas = {}, clock = systemClock, sync = {} } = options
  const { store, enrollmentKey, network, random, fetch } = options
  const { name, appVersion, platform, model, os } = (device ?? {}) as Partial<DeviceInfo>
  check(URL.canParse(url) && /^https?:/i.test(url), 'url', 'a URL')
  check(isLabel(name) && /\S/.test(name), 'device.name', 'visible text of at most 120 characters')
  for (const [key, text] of Object.entries({ model, os }))
    check((text ?? null) === null || isLabel(text), `device.${key}`, 'text of at most 120 characters')
  // They travel in a header, whose fields a semicolon parts.
  for (const [key, text] of Object.entries({ appVersion, platform }))
    check(
      typeof text === 'string' && /^[\x20-\x3a\x3c-\x7e]{1,40}$/.test(text),
      `device.${key}`,
      '1 to 40 ASCII characters, no semicolon',
    )
  for (const [key, leastMs] of Object.entries(WAITS_MS)) {
    const ms = sync[key as keyof typeof WAITS_MS] ?? leastMs
    const isRight = typeof ms === 'number' && ms >= leastMs && ms <= TIMER_MS_MAX
    check(isRight, `sync.${key}`, `a number from ${leastMs} to ${TIMER_MS_MAX}`)
  }
  // As the server takes it (SCHEMA_VERSION_MAX): a whole number of 32 bits.
  const isVersion = ({ version }: AppSchema): boolean => version > 0 && (version | 0) === version
  check(Object.values(schemas).every(isVersion), 'schemas.*.version', 'a whole number from 1 on')
  check(Number.isFinite(clock.now()), 'clock', 'one that tells the time')
  check(deviceId === undefined || isUuid(deviceId), 'deviceId', 'a lower-case UUID')
  check(token?.startsWith('tmd_') ?? true, 'token', 'text that begins with tmd_')
  const calls = {
    store: store.transact,
    network: network ? network.isOnline : check,
    random: random ?? check,
    fetch: fetch ?? check,
    enrollmentKey: (enrollmentKey ?? url).trim,
  }
  for (const [key, call] of Object.entries(calls)) check(typeof call === 'function', key, 'of its type')
}

function check(isRight: boolean, option: string, allowed: string): void {
  if (!isRight) throw new ReplicaError('invalid_options', `\`${option}\` must be ${allowed}.`)
}

/** As the server takes it. */
const isLabel = (text: unknown): text is string => typeof text === 'string' && /^\P{Cc}{1,120}$/u.test(text)

/** The least that each may be: fleets have the same bounds for theirs. */
const WAITS_MS = {
  intervalMs: 100,
  backoffBaseMs: 10,
  backoffCapMs: 100,
  changeDelayMs: 0,
  requestTimeoutMs: 1,
  stateToldEveryMs: 0,
} as const satisfies Partial<Record<keyof SyncOptions, number>>

/**
 * The device has an id from its first opening on. A token is taken over once: by the next opening that names it a rotation
 * or a fork may have replaced it.
 */
async function ensureIdentity(
  tx: StoreTx,
  options: ReplicaOptions,
  makeIdentity: () => Identity,
): Promise<void> {
  const { token, deviceId } = options
  const known = await getMeta(tx, 'identity')
  if (!known && token !== undefined && deviceId === undefined) {
    throw new ReplicaError('invalid_options', '`token` in an empty store needs its `deviceId`.')
  }
  const isTaken = token === undefined || token === (await getMeta(tx, 'givenToken'))
  // A full store can still be opened.
  if (known && isTaken) return
  if (!isTaken) await setMeta(tx, 'givenToken', token)
  if (!known) {
    await setMeta(tx, 'position', NO_POSITION)
    return setMeta(tx, 'identity', makeIdentity())
  }
  const identity = identityFor(options, { ...known, deviceId: deviceId ?? known.deviceId })
  if (identity.deviceId === known.deviceId) await setMeta(tx, 'identity', identity)
  else await forkParts().takeIdentity(tx, identity)
}

const identityFor = ({ token }: ReplicaOptions, identity: Identity): Identity =>
  token === undefined ? identity : { ...identity, token, fleetId: token.split('_')[1] ?? null }
