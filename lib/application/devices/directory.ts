import type { Device, Fleet, Storage } from '#lib/storage/ports.ts'
import type { Clock } from '../surroundings.ts'
import { ApplicationError } from '../errors.ts'
import { parseCredential } from '../access/credentials.ts'
import { isWithin } from '../is-within.ts'
import type { DeadTokens } from './dead-tokens.ts'
import { remember } from '../remember.ts'
import { remembering } from '../remembering.ts'

/** How long an answer of the storage stands in for asking again: a revoked device is out within this (security check 22). */
export const DIRECTORY_FRESH_MS = 1_000
/** For pushes, whose transaction reads the device again under its lock. A replaced token ends within this. */
export const DIRECTORY_PUSH_FRESH_MS = 30_000
const DEVICES_MAX = 20_000
const FLEETS_MAX = 1_000

interface Seen<T> {
  readonly value: T
  readonly atMs: number
}

/** Who a request comes from. */
export interface Caller {
  readonly device: Device
  readonly fleet: Fleet
  /** Of the token that it showed. */
  readonly tokenHash: string
}

/** This process's short memory of devices by token and of fleets, so that not every request asks the database. */
export class DeviceDirectory {
  private readonly storage: Storage
  private readonly clock: Clock
  private readonly deadTokens: DeadTokens
  private readonly devices = new Map<string, Seen<Device>>()
  private readonly fleets = new Map<string, Seen<Fleet>>()
  /** What is asked for right now: requests that come meanwhile share the answer of the first. */
  private readonly askedFleets = new Map<string, Promise<Fleet | null>>()
  private readonly askedDevices = new Map<string, Promise<Device | null>>()
  private origins: Seen<ReadonlySet<string>> | null = null
  /** What its text says, which never changes; whether it is live is asked anew. Two hashes a request else. */
  private readonly credentialOf = remembering(parseCredential, DEVICES_MAX)

  constructor(storage: Storage, clock: Clock, deadTokens: DeadTokens) {
    this.storage = storage
    this.clock = clock
    this.deadTokens = deadTokens
  }

  /**
   * The device and fleet of a bearer token, at most `freshMs` old.
   * A paused or revoked one is answered too: what it may do is the caller's affair.
   * @throws ApplicationError `unauthorized`
   */
  async authenticate(token: string | null, freshMs: number): Promise<Caller> {
    const known = this.remembered(token, freshMs)
    if (known) return known
    const credential = token === null ? null : this.credentialOf(token)
    if (credential?.kind !== 'device') throw new ApplicationError('unauthorized')
    const device = await this.deviceByHash(credential.fleetId, credential.hash, freshMs)
    if (!device) await this.deadTokens.note(credential.fleetId, credential.hash)
    const fleet = device && (await this.fleet(credential.fleetId))
    if (!device || !fleet) throw new ApplicationError('unauthorized')
    return { device, fleet, tokenHash: credential.hash }
  }

  /** The same as far as it is in memory; null when the storage has to be asked, or the token is none. */
  remembered(token: string | null, freshMs: number): Caller | null {
    const credential = token === null ? null : this.credentialOf(token)
    if (credential?.kind !== 'device') return null
    const device = this.freshDevice(credential.hash, freshMs)
    const fleet = device && this.freshFleet(credential.fleetId)
    return device && fleet ? { device, fleet, tokenHash: credential.hash } : null
  }

  /** A fleet, at most a second old. */
  async fleet(fleetId: string): Promise<Fleet | null> {
    return this.freshFleet(fleetId) ?? shared(this.askedFleets, fleetId, () => this.readFleet(fleetId))
  }

  /** The fleet that a token names, when this process has met it; says nothing of whether the token is good. */
  knownFleetOf(token: string | null): string | null {
    const credential = token === null ? null : this.credentialOf(token)
    if (credential?.kind !== 'device') return null
    return this.fleets.has(credential.fleetId) ? credential.fleetId : null
  }

  /** Whether any fleet allows this origin: what can be said before a request has shown its fleet. */
  async isAnyFleetsOrigin(origin: string): Promise<boolean> {
    if (!this.origins || !isWithin(this.origins.atMs, this.clock.now(), DIRECTORY_FRESH_MS)) {
      const fleets = await this.storage.fleets.list()
      const value = new Set(fleets.flatMap(({ settings }) => settings.allowedOrigins))
      this.origins = { value, atMs: this.clock.now() }
    }
    return this.origins.value.has(origin)
  }

  /** The same by what was seen last, however old: for answers while the database must be left alone. */
  isRememberedOrigin(origin: string): boolean {
    return this.origins?.value.has(origin) ?? false
  }

  /** The fleet of a device that this process has seen with this token, however long ago; null when it hasn't. */
  rememberedFleet(token: string | null): string | null {
    const credential = token === null ? null : this.credentialOf(token)
    const isSeen = credential?.kind === 'device' && this.devices.has(credential.hash)
    return isSeen ? credential.fleetId : null
  }

  /** Drops what is known, after a change made by this process. */
  forget(): void {
    this.devices.clear()
    this.fleets.clear()
    this.askedDevices.clear()
    this.askedFleets.clear()
    this.origins = null
  }

  /** Drops what is known of one device. */
  forgetDevice(deviceId: string): void {
    for (const [hash, { value }] of this.devices) if (value.id === deviceId) this.devices.delete(hash)
    this.askedDevices.clear()
  }

  private freshFleet(fleetId: string): Fleet | null {
    const seen = this.fleets.get(fleetId)
    return seen && isWithin(seen.atMs, this.clock.now(), DIRECTORY_FRESH_MS) ? seen.value : null
  }

  private freshDevice(hash: string, freshMs: number): Device | null {
    const seen = this.devices.get(hash)
    // What stops a device is asked again sooner: it may have been resumed.
    const boundMs = seen?.value.status === 'active' ? freshMs : DIRECTORY_FRESH_MS
    return seen && isWithin(seen.atMs, this.clock.now(), boundMs) ? seen.value : null
  }

  private async readFleet(fleetId: string): Promise<Fleet | null> {
    const fleet = await this.storage.fleets.get(fleetId)
    if (fleet) remember(this.fleets, fleetId, { value: fleet, atMs: this.clock.now() }, FLEETS_MAX)
    return fleet
  }

  private async deviceByHash(fleetId: string, hash: string, freshMs: number): Promise<Device | null> {
    const seen = this.freshDevice(hash, freshMs)
    return seen ?? shared(this.askedDevices, hash, () => this.readDevice(fleetId, hash))
  }

  private async readDevice(fleetId: string, hash: string): Promise<Device | null> {
    const device = await this.storage.devices.findByToken(fleetId, hash, this.clock.now())
    if (device) remember(this.devices, hash, { value: device, atMs: this.clock.now() }, DEVICES_MAX)
    else this.devices.delete(hash)
    return device
  }
}

/** The answer that is being asked for under this key, or a new one. */
function shared<T>(asked: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const known = asked.get(key)
  if (known) return known
  const answer = ask().finally(() => asked.get(key) === answer && asked.delete(key))
  asked.set(key, answer)
  return answer
}
