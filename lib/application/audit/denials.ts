import type { ErrorCode } from '#lib/protocol/error-codes.ts'
import type { AuditEntry, Storage } from '#lib/storage/ports.ts'
import { auditEntry, NOBODY } from '../access/audit-entry.ts'
import type { AccessContext } from '../access/context.ts'
import type { Actor } from '../context.ts'

/**
 * Entries of refusals of one kind (who, what code, in which fleet) that a process writes in a minute; what comes beyond is
 * counted, and told by one entry when the minute is over. So nobody fills the log, and nothing is passed over in silence.
 */
export const DENIALS_WRITTEN_PER_MINUTE = 20
/** Kinds that are told apart at once; what is beyond is one kind, of strangers and of those who are known. */
export const DENIAL_KINDS_MAX = 200
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
}

interface Kind {
  readonly like: Denial
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
    const known = this.kinds.get(keyOf(denial))
    if (known) return known
    const isFull = this.kinds.size >= DENIAL_KINDS_MAX
    const key = isFull ? `other ${denial.actor === null}` : keyOf(denial)
    const other = this.kinds.get(key)
    if (other) return other
    // Of several fleets together: it is told in none.
    const like = isFull ? { ...denial, fleetId: null } : denial
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
    if (!this.kinds.has(key) && this.kinds.size < DENIAL_KINDS_MAX) {
      this.kinds.set(key, kind)
      return
    }
    const there = this.kinds.get(key) ?? this.kindOf(kind.like, kind.startMs)
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

const keyOf = ({ actor, code, fleetId }: Denial): string => JSON.stringify([actor?.id ?? null, code, fleetId])

/** One for each storage, so that tests share none. */
const processes = new WeakMap<Storage, Denials>()
function denialsOf({ storage }: Pick<DenialContext, 'storage'>): Denials {
  const known = processes.get(storage) ?? new Denials()
  processes.set(storage, known)
  return known
}

/** Leaves an entry of a refused request before it is answered, or counts it (security.md, 43). */
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
    if (!(await append(ctx, sumOf(ctx, kind)))) denials.putBack(key, kind)
}

function entryOf(ctx: DenialContext, denial: Denial, atMs: number): AuditEntry {
  const { actor, action, code, fleetId, address } = denial
  const details = { action: action.slice(0, ACTION_CHARS_MAX), target: code, fleetId, address }
  return { ...auditEntry(ctx, actor ?? NOBODY, { ...details, outcome: 'denied' }), atMs }
}

function sumOf(ctx: DenialContext, { like, fromMs, lastMs, more, addresses }: Kind): AuditEntry {
  return auditEntry(ctx, like.actor ?? NOBODY, {
    action: 'denials.more',
    target: like.code,
    fleetId: like.fleetId,
    outcome: 'denied',
    after: {
      more,
      like: like.action.slice(0, ACTION_CHARS_MAX),
      fromMs,
      toMs: lastMs,
      addresses: [...addresses],
    },
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
