import type { Position, Positions } from '#lib/engine/token.ts'
import { advance, encodeToken, heldOf, judgeToken, positionOf, startPosition } from '#lib/engine/token.ts'
import { PULL_BYTES_MAX, PULL_CHANGES_MAX } from '#lib/protocol/limits.ts'
import type { PullResponse, SnapshotState } from '#lib/protocol/pull.ts'
import type { DeviceReport } from '#lib/protocol/report.ts'
import type { Device, Fleet } from '#lib/storage/ports.ts'
import { breakerOpen } from '../breakers/breaker-open.ts'
import type { Refusal } from '../breakers/breakers.ts'
import type { BreakerNotice } from '../breakers/open-notices.ts'
import { openNotices } from '../breakers/open-notices.ts'
import { collectionScope } from '../breakers/scopes.ts'
import type { Context } from '../context.ts'
import { accessTo } from '../devices/access.ts'
import { noteContact } from '../devices/heartbeat.ts'
import { ApplicationError } from '../errors.ts'
import { admitFullSync } from './admit-full-sync.ts'
import { noteDelivered } from './note-delivered.ts'
import { isNothingNew, isPastSnapshots } from './nothing-new.ts'
import type { Encoder, WrittenPage } from './shared-pages.ts'
import type { ReadToken } from './shown-tokens.ts'
import { etagOf } from './shown-tokens.ts'

export interface PullInput {
  readonly device: Device
  readonly fleet: Fleet
  readonly app: Pick<Device, 'appVersion' | 'platform'>
  readonly token: string | null
  /** Null asks for every collection that the device may read. */
  readonly collections: readonly string[] | null
  readonly limit: number
  /** `since` takes long texts by what came to them since the token. */
  readonly texts: 'since' | 'whole'
  readonly report: DeviceReport | null
  /** What makes of a long page the bytes that go out: many devices share most of them. */
  readonly encoder: Encoder
}

export interface PullOutcome {
  /** The PullResponse as JSON; as bytes, it is encoded. */
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly epoch: number
  /** Names the positions that the page ends at; equal for two answers that bring nothing new. */
  readonly etag: string
  readonly isEmpty: boolean
  /** The breakers that kept a collection out of the page, as they were then: one may be closed before the answer goes out. */
  readonly shut: readonly BreakerNotice[]
}

/** After this a token is renewed although nothing is new: it lives 30 days only (TK5). */
const TOKEN_RENEWED_AFTER_MS = 86_400_000

/**
 * GET /pull: each record's newest version past the token's position in its collection.
 * @throws ApplicationError `token_invalid`, `token_expired`, `collection_forbidden`, `device_forked`, `breaker_open`
 */
export async function pull(ctx: Context, input: PullInput): Promise<PullOutcome> {
  const { device, fleet } = input
  // What is in memory is not waited for: a dozen turns of an async function cost as much as the rest of a poll.
  const { rules } = ctx.groupCommit
  const { names: all } =
    rules.knownSince(fleet.id, fleet.configVersion) ?? (await rules.since(fleet.id, fleet.configVersion))
  const readable = all.filter((name) => accessTo(device.access, name) !== null)
  const shown = readPositions(ctx, input, readable)
  const asked = askedCollections(input.collections, readable)
  const { names: admitted, shut } = admittedCollections(ctx, fleet.id, asked)
  const notices = shut.length === 0 ? [] : openNotices(ctx.breakers, input)
  const follows = await noteContact(ctx, device, input.app, input.report)
  if (shown && follows && shut.length === 0 && (await isUnchanged(ctx, input, shown, admitted))) {
    const { text, etag } = shown.read
    const body = (shown.read.emptyPage ??=
      NO_CHANGES + behindOf({ token: text, hasMore: false, snapshots: {} }))
    return { body, epoch: fleet.epoch, etag, isEmpty: true, shut: [] }
  }
  const held = shown?.positions ?? {}
  const starting = admitted.filter((name) => !positionOf(held, name))
  const { queued, turn } = await admitFullSync(ctx, device, fleet, starting)
  const names = admitted.filter((name) => !queued.has(name))
  const reads = names.map((collection) => {
    const position = positionOf(held, collection)
    // Nothing before a first snapshot has come to the head: what it shows may be the device's first sight of a record.
    const heldVersion = position ? heldOf(position) : 0
    const textsSince = input.texts === 'since' && heldVersion > 0
    return { collection, afterVersion: position?.version ?? 0, heldVersion, textsSince }
  })
  const mayBeFromMemory = shown !== null && follows
  const heads = async () => (mayBeFromMemory ? ctx.heads.of(fleet) : null)
  const limit = Math.min(input.limit, PULL_CHANGES_MAX)
  const bounds = { limit, maxBytes: PULL_BYTES_MAX }
  const [page] = await Promise.all([
    reads.length === 0 ? nothingToRead(fleet) : ctx.pages.read(fleet, reads, bounds, input.encoder, heads),
    shown && noteDelivered(ctx, input, shown.positions),
  ])
  // Restored between the two reads: the token's versions mean nothing any more.
  if (page.epoch !== fleet.epoch) throw tokenExpired()
  if (names.some((name) => hasMissedDeletes(positionOf(held, name), page.purged.get(name) ?? 0)))
    throw tokenExpired()
  const { positions, snapshots } = reachedPositions(names, held, page)
  for (const name of shut) if (positionOf(held, name)?.snapshot !== null) snapshots[name] = 'queued'
  for (const name of queued) snapshots[name] = 'queued'
  const token = {
    fleetId: fleet.id,
    deviceId: device.id,
    epoch: page.epoch,
    issuedAtMs: ctx.clock.now(),
    positions,
  }
  const body = bodyOf(page.changes, {
    token: encodeToken(token, ctx.mac),
    hasMore: page.hasMore,
    snapshots,
    ...(turn && { admission: turn }),
  })
  const fresh = shown !== null && isFresh(ctx, shown)
  const isEmpty = fresh && page.isBare && !page.hasMore && Object.keys(snapshots).length === 0
  return { body, epoch: page.epoch, etag: etagOf(page.epoch, positions), isEmpty, shut: notices }
}

const NO_CHANGES = '{"changes":[]'

function bodyOf(changes: WrittenPage['changes'], rest: Omit<PullResponse, 'changes'>): PullOutcome['body'] {
  const behind = behindOf(rest)
  return typeof changes === 'string' ? changes + behind : changes.end(behind)
}

const behindOf = (rest: Omit<PullResponse, 'changes'>): string => `,${JSON.stringify(rest).slice(1)}`

interface Shown {
  readonly read: ReadToken
  readonly positions: Positions
  readonly issuedAtMs: number
  /** It names only collections that the device may still read. */
  readonly isWhole: boolean
}

/** Whether the token can be given back as it is: nothing is new, nothing is to be noted, and it need not be renewed. */
async function isUnchanged(
  ctx: Context,
  { device, fleet }: PullInput,
  shown: Shown,
  names: readonly string[],
): Promise<boolean> {
  const { positions, isWhole } = shown
  if (!isWhole || !isFresh(ctx, shown) || ctx.shownPositions.isNews(device, positions)) return false
  if (!isPastSnapshots(names, positions)) return false
  const heads = ctx.heads.known(fleet) ?? (await ctx.heads.of(fleet))
  return isNothingNew(heads, fleet.epoch, names, positions)
}

const isFresh = ({ clock }: Context, { issuedAtMs }: Shown): boolean =>
  clock.now() - issuedAtMs < TOKEN_RENEWED_AFTER_MS

/** The page of a device whose credential covers no collection there is. */
const nothingToRead = ({ epoch }: Fleet): WrittenPage => ({
  epoch,
  heads: new Map(),
  purged: new Map(),
  isBare: true,
  changes: NO_CHANGES,
  reached: new Map(),
  hasMore: false,
})

/**
 * True when a tombstone that the device has not read was purged (TK5). What a running snapshot will not show is swept
 * when it ends, so for it only what came after its start counts; at version 0 it holds nothing.
 */
const hasMissedDeletes = (position: Position | undefined, purged: number): boolean =>
  position !== undefined && position.version > 0 && purged > (position.snapshot?.target ?? position.version)

/** Null without a token. Collections that the device may no longer read lose their position (TK1). */
function readPositions(ctx: Context, input: PullInput, readable: readonly string[]): Shown | null {
  if (input.token === null) return null
  const reader = {
    fleetId: input.fleet.id,
    deviceId: input.device.id,
    epoch: input.fleet.epoch,
    nowMs: ctx.clock.now(),
  }
  const read = ctx.shownTokens.read(input.device, input.token)
  if (!read) throw new ApplicationError('token_invalid')
  const judged = judgeToken(read.token, reader)
  if (!judged.ok)
    throw judged.error === 'token_expired' ? tokenExpired() : new ApplicationError('token_invalid')
  const { positions, issuedAtMs } = judged.value
  if (Object.keys(positions).every((name) => readable.includes(name)))
    return { read, positions, issuedAtMs, isWhole: true }
  const kept = Object.entries(positions).filter(([name]) => readable.includes(name))
  return { read, positions: Object.fromEntries(kept), issuedAtMs, isWhole: false }
}

const tokenExpired = (): ApplicationError =>
  new ApplicationError('token_expired', { extra: { resync: 'full' } })

function askedCollections(asked: readonly string[] | null, readable: readonly string[]): readonly string[] {
  if (!asked) return readable
  const forbidden = asked.find((name) => !readable.includes(name))
  if (forbidden !== undefined) {
    throw new ApplicationError('collection_forbidden', { extra: { collection: forbidden } })
  }
  return readable.filter((name) => asked.includes(name))
}

/**
 * Those that no open breaker keeps shut. The others keep their place in the token; a snapshot that they owe is queued.
 * A pull is no call of a collection's breaker: it reads what is committed, all in one statement, and locks no stream.
 * @throws ApplicationError `breaker_open` when nothing is left to read
 */
function admittedCollections(ctx: Context, fleetId: string, asked: readonly string[]) {
  if (ctx.breakers.areClosed) return { names: asked, shut: [] }
  const shut = new Map<string, Refusal>()
  for (const name of asked) {
    const refusal = ctx.breakers.refuse(collectionScope(fleetId, name))
    if (refusal) shut.set(name, refusal)
  }
  const soonest = [...shut.values()].toSorted((a, b) => a.retryAfterMs - b.retryAfterMs)[0]
  if (soonest && shut.size === asked.length) throw breakerOpen(soonest)
  return { names: asked.filter((name) => !shut.has(name)), shut: [...shut.keys()] }
}

/** Where the page leaves each collection; those not asked for keep their place. */
function reachedPositions(names: readonly string[], held: Positions, page: WrittenPage) {
  const positions: Record<string, Position> = { ...held }
  const snapshots: Record<string, SnapshotState> = {}
  for (const name of names) {
    const known = positionOf(held, name)
    const head = page.heads.get(name) ?? 0
    const before = known ?? startPosition(head)
    const after = advance(before, page.reached.get(name) ?? before.version, head)
    positions[name] = after
    if (before.snapshot || !known) snapshots[name] = after.snapshot ? 'running' : 'complete'
  }
  return { positions, snapshots }
}
