import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import type { AuditEntry, Storage } from '#lib/storage/ports.ts'
import { auditEntry, NOBODY, SEVERAL } from '../access/audit-entry.ts'
import type { AccessContext } from '../access/context.ts'
import type { Actor } from '../context.ts'

/**
 * Entries of refusals of one kind (who, what code or target, in which fleet) that a process writes in a minute; what comes beyond is
 * counted, and told by one entry when the minute is over. So nobody fills the log, and nothing is passed over in silence.
 */
export const DENIALS_WRITTEN_PER_MINUTE = 20
/**
 * Kinds that are told apart at once; what is beyond is one kind, of strangers and of those who are known: its sum names
 * none of them.
 */
export const DENIAL_KINDS_MAX = 200
const STRANGERS = 'several strangers'
const KNOWN = 'several who are known'
const MINUTE_MS = 60_000
/** Refusals of devices that wait to be written, and how often they are. */
const WAITING_MAX = 1_000
export const DENIALS_WRITTEN_EVERY_MS = 1_000
/** Where the rest came from, as far as it is told. */
const ADDRESSES_TOLD_MAX = 5
const ACTION_CHARS_MAX = 200

export interface Denial {
  /** Null for somebody who has not shown who they are. */
  readonly actor: Actor | null
  /** Method and path. */
  readonly action: string
  readonly code: ErrorCode
  readonly fleetId: string | null
  readonly address: string | null
  /** What was refused, where an entry names more than the code: those of one target are a kind of their own. */
  readonly target?: string
  readonly after?: AuditEntry['after']
}

interface Kind {
  /** The first of them; null for those that are not told apart. */
  readonly like: Denial | null
  /** Of the minute in which `written` counts. */
  readonly startMs: number
  /** Since when `more` counts: earlier where an earlier minute's sum could not be written. */
  fromMs: number
  written: number
  more: number
  lastMs: number
  readonly addresses: Set<string>
}
interface Waiting {
  readonly denial: Denial
  readonly atMs: number
}

type DenialContext = Pick<AccessContext, 'storage' | 'clock' | 'ids' | 'log'>

/** Of one process. */
class Denials {
  private readonly kinds = new Map<string, Kind>()
  private waiting: Waiting[] = []

  /** Whether this one has room for an entry of its own; otherwise it is counted. */
  admit(denial: Denial, nowMs: number): boolean {
    const kind = this.kindOf(denial, nowMs)
    kind.lastMs = nowMs
    if (kind.written < DENIALS_WRITTEN_PER_MINUTE) {
      kind.written += 1
      return true
    }
    kind.more += 1
    if (denial.address !== null && kind.addresses.size < ADDRESSES_TOLD_MAX)
      kind.addresses.add(denial.address)
    return false
  }

  private kindOf(denial: Denial, nowMs: number): Kind {
    const key = keyOf(denial)
    const known = this.kinds.get(key)
    if (known) return known
    if (this.kinds.size < DENIAL_KINDS_MAX) return this.make(key, denial, nowMs)
    const several = severalOf(denial)
    return this.kinds.get(several) ?? this.make(several, null, nowMs)
  }

  private make(key: string, like: Denial | null, nowMs: number): Kind {
    const times = { startMs: nowMs, fromMs: nowMs, lastMs: nowMs }
    const made = { like, ...times, written: 0, more: 0, addresses: new Set<string>() }
    this.kinds.set(key, made)
    return made
  }

  /**
   * Takes out kinds whose minute is over, or all, and gives back those with something to tell. What comes while they are
   * written is of a new kind, so that nothing is counted into a sum that was told already.
   */
  takeEnded(nowMs: number, all: boolean): [string, Kind][] {
    const ended = [...this.kinds].filter(
      ([, { startMs }]) => all || nowMs - startMs >= MINUTE_MS || nowMs < startMs,
    )
    for (const [key] of ended) this.kinds.delete(key)
    return ended.filter(([, { more }]) => more > 0)
  }

  /** What could not be told is told later, together with what was counted meanwhile. */
  putBack(key: string, kind: Kind): void {
    const { like } = kind
    const isApart = like === null || this.kinds.has(key) || this.kinds.size < DENIAL_KINDS_MAX
    const place = isApart ? key : severalOf(like)
    const there = this.kinds.get(place)
    if (!there) {
      this.kinds.set(place, isApart ? kind : { ...kind, like: null })
      return
    }
    there.more += kind.more
    there.fromMs = Math.min(there.fromMs, kind.fromMs)
    there.lastMs = Math.max(there.lastMs, kind.lastMs)
    for (const address of kind.addresses)
      if (there.addresses.size < ADDRESSES_TOLD_MAX) there.addresses.add(address)
  }

  wait(one: Waiting): void {
    if (this.waiting.length < WAITING_MAX) this.waiting.push(one)
    // It is told of by its kind's count.
    else this.kindOf(one.denial, one.atMs).more += 1
  }

  take(): readonly Waiting[] {
    const taken = this.waiting
    this.waiting = []
    return taken
  }
}

/** The key of those that are not told apart. */
const severalOf = ({ actor }: Denial): string => (actor === null ? STRANGERS : KNOWN)
const keyOf = ({ actor, code, fleetId, target }: Denial): string =>
  JSON.stringify([actor?.id ?? null, target ?? code, fleetId])

/** One for each storage, so that tests share none. */
const processes = new WeakMap<Storage, Denials>()
function denialsOf({ storage }: Pick<DenialContext, 'storage'>): Denials {
  const known = processes.get(storage) ?? new Denials()
  processes.set(storage, known)
  return known
}

/** Leaves an entry of a refused request before it is answered, or counts it (security check 43). */
export async function tellDenial(ctx: DenialContext, denial: Denial): Promise<void> {
  const nowMs = ctx.clock.now()
  if (!denialsOf(ctx).admit(denial, nowMs)) return
  await append(ctx, entryOf(ctx, denial, nowMs))
}

/** The same for a caller that waits for no write: the entry is written a second later, by `writeDenials`. */
export function noteDenial(ctx: DenialContext, denial: Denial): void {
  const nowMs = ctx.clock.now()
  const denials = denialsOf(ctx)
  if (denials.admit(denial, nowMs)) denials.wait({ denial, atMs: nowMs })
}

/**
 * Writes what was noted, and the sums of minutes that are over.
 * @param end true before the process ends: then minutes are cut short
 */
export async function writeDenials(ctx: DenialContext, end = false): Promise<void> {
  const denials = denialsOf(ctx)
  for (const { denial, atMs } of denials.take()) await append(ctx, entryOf(ctx, denial, atMs))
  for (const [key, kind] of denials.takeEnded(ctx.clock.now(), end))
    if (!(await append(ctx, sumOf(ctx, key, kind)))) denials.putBack(key, kind)
}

function entryOf(ctx: DenialContext, denial: Denial, atMs: number): AuditEntry {
  const { actor, action, code, fleetId, address, target = code, after = null } = denial
  const details = { action: action.slice(0, ACTION_CHARS_MAX), target, fleetId, address, after }
  return { ...auditEntry(ctx, actor ?? NOBODY, { ...details, outcome: 'denied' }), atMs }
}

function sumOf(ctx: DenialContext, key: string, { like, fromMs, lastMs, more, addresses }: Kind): AuditEntry {
  const several = key === KNOWN ? SEVERAL : NOBODY
  const of = like
    ? { actor: like.actor ?? NOBODY, target: like.target ?? like.code, fleetId: like.fleetId }
    : { actor: several, target: 'several', fleetId: null }
  const what = like ? { like: like.action.slice(0, ACTION_CHARS_MAX) } : { several: true }
  return auditEntry(ctx, of.actor, {
    action: 'denials.more',
    target: of.target,
    fleetId: of.fleetId,
    outcome: 'denied',
    after: { more, ...what, fromMs, toMs: lastMs, addresses: [...addresses] },
  })
}

/** A refusal stays a refusal where it can't be told of: that is logged. */
async function append(ctx: DenialContext, entry: AuditEntry): Promise<boolean> {
  try {
    await ctx.storage.audit.append(entry)
    return true
  } catch (error) {
    ctx.log.error('a denial was not audited', { action: entry.action, error: String(error) })
    return false
  }
}
