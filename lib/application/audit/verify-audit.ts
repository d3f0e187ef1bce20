import {
  NO_HEAD,
  type AuditHead,
  type AuditLink,
  type AuditPort,
  type StoredAudit,
} from '#lib/storage/ports.ts'
import { auditHeadText } from './audit-head.ts'
import { adoptedRanges, checkAdopted, isAdopted, type AdoptedRange, type Place } from './adopted.ts'
import type { AuditContext } from './audit-context.ts'

/** Links that are read at once. */
const LINKS_AT_ONCE = 500
/** Entries outside of the chain that are read at once. */
const UNCHAINED_AT_ONCE = 500

export const BREAKS = [
  'changed',
  'missing',
  'outside',
  'beyond_head',
  'head_moved',
  'not_outside_head',
  'before_chain',
] as const
export type Break = (typeof BREAKS)[number]

/** The first row that is not as it was written, and what is wrong. */
export interface FirstBad {
  readonly kind: Break
  /** The number that it has, or should have; null for a row without. */
  readonly seq: number | null
  /** Null where the row is gone. */
  readonly id: string | null
  readonly atMs: number | null
  /** A sentence. */
  readonly what: string
}

export interface ChainReport {
  readonly state: 'holds' | 'broken' | 'unfinished'
  /** Entries that were checked, from the beginning on. */
  readonly entries: number
  /** Entries of before the chain that were adopted and checked. */
  readonly adopted: number
  /** The last link that was found in order: where an unfinished check goes on. */
  readonly upTo: AuditHead
  /** The last entry outside of the chain that was found adopted, where the check ran out of time among these; else null. */
  readonly outsideUpTo: Place | null
  readonly firstBad: FirstBad | null
}

export interface VerifyInput {
  /** Where an earlier check left off: what is no link of the chain is told as `not_outside_head`. */
  readonly behind?: AuditHead | undefined
  /** And which entry outside of the chain it found adopted last. */
  readonly outsideBehind?: Place | undefined
  /** Heads that were kept elsewhere: each must be a link of this chain, also where the check goes on behind it. */
  readonly heads?: readonly AuditHead[]
  /**
   * Unix ms after which no further link, and no further batch of what is outside, is begun; each call does one of these, so
   * that calls come to an end.
   */
  readonly untilMs?: number
}

/**
 * Walks the audit chain in batches, and then what stands outside of it (AC1 to AC6): memory is bounded by a batch and by two
 * places for each adoption, and a check that runs out of time says where to go on. It reads only.
 */
export async function verifyAudit(
  ctx: Pick<AuditContext, 'storage' | 'clock'>,
  input: VerifyInput = {},
): Promise<ChainReport> {
  const { audit } = ctx.storage
  const goal = await audit.head()
  const behind = input.behind ?? NO_HEAD
  const walk = new Walk(behind, input.heads ?? [])
  if (!(await isLink(audit, behind))) return walk.report('broken', noLink(behind, 'behind which to go on'))
  for (const head of (input.heads ?? []).filter(({ seq }) => seq <= behind.seq))
    if (!(await isLink(audit, head))) return walk.report('broken', noLink(head, 'which was kept elsewhere'))
  const isTimeUp = (): boolean => input.untilMs !== undefined && ctx.clock.now() >= input.untilMs
  while (walk.upTo.seq < goal.seq) {
    const links = await audit.links(walk.upTo, LINKS_AT_ONCE)
    for (const link of links) {
      if (walk.entries > 0 && isTimeUp()) return walk.report('unfinished')
      const bad = walk.take(link, goal) ?? (await checkAdopted(audit, link.entry, walk))
      if (bad) return walk.report('broken', bad)
    }
    if (links.length === 0) return walk.report('broken', gone(walk.upTo.seq + 1, goal))
  }
  const bad = headBad(walk, goal) ?? walk.unseenHead() ?? (await beyondHead(ctx, goal))
  if (bad) return walk.report('broken', bad)
  if (walk.entries > 0 && isTimeUp()) return walk.report('unfinished')
  const found = await outside(audit, input.outsideBehind ?? null, isTimeUp)
  if (found === null) return walk.report('holds')
  return 'upTo' in found ? walk.report('unfinished', null, found.upTo) : walk.report('broken', found)
}

/** Whether the chain has it: by its stored mac, which may be one of an earlier secret. */
async function isLink(audit: AuditPort, { seq, mac }: AuditHead): Promise<boolean> {
  if (seq === NO_HEAD.seq) return mac === NO_HEAD.mac
  const links = await audit.links({ seq: seq - 1, mac: '' }, 1)
  return links.some((link) => link.seq === seq && link.mac === mac)
}

const noLink = (head: AuditHead, which: string): FirstBad => ({
  kind: 'not_outside_head',
  seq: head.seq,
  id: null,
  atMs: null,
  what: `${auditHeadText(head)}, ${which}, is no link of this chain`,
})

/** How far one check has come. */
class Walk {
  upTo: AuditHead
  entries = 0
  adopted = 0
  private readonly heads: readonly AuditHead[]

  constructor(behind: AuditHead, heads: readonly AuditHead[]) {
    this.upTo = behind
    this.heads = heads.filter(({ seq }) => seq > behind.seq)
  }

  /** What is wrong with the next link; null where it fits. What was written since the check began is let be. */
  take(link: AuditLink, goal: AuditHead): FirstBad | null {
    const wanted = this.upTo.seq + 1
    if (link.seq > goal.seq && wanted > goal.seq) return null
    if (link.seq > wanted) return gone(wanted, goal)
    if (link.seq < wanted || link.mac !== link.expected)
      return badRow('changed', link, 'is not what was written there, or not in its place')
    const kept = this.heads.find(({ seq, mac }) => seq === link.seq && mac !== link.mac)
    if (kept)
      return badRow(
        'not_outside_head',
        link,
        `is another entry than the head that was kept elsewhere (${auditHeadText(kept)}) names`,
      )
    this.upTo = { seq: link.seq, mac: link.mac }
    this.entries += 1
    return null
  }

  /** A head that was kept elsewhere and is longer than the chain: its tail was cut off. */
  unseenHead(): FirstBad | null {
    const [head] = this.heads.filter(({ seq }) => seq > this.upTo.seq).toSorted((a, b) => a.seq - b.seq)
    return head
      ? {
          kind: 'not_outside_head',
          seq: this.upTo.seq + 1,
          id: null,
          atMs: null,
          what: `Entry ${this.upTo.seq + 1} is gone: a head that was kept elsewhere names entry ${head.seq}, and the log ends with ${this.upTo.seq}`,
        }
      : null
  }

  report(
    state: ChainReport['state'],
    firstBad: FirstBad | null = null,
    outsideUpTo: Place | null = null,
  ): ChainReport {
    const { entries, adopted, upTo } = this
    return { state, entries, adopted, upTo, outsideUpTo, firstBad }
  }
}

const gone = (seq: number, goal: AuditHead): FirstBad => ({
  kind: 'missing',
  seq,
  id: null,
  atMs: null,
  what: `Entry ${seq} is gone: the chain goes on to entry ${goal.seq}`,
})

function badRow(kind: Break, { seq, entry }: AuditLink, what: string): FirstBad {
  return { kind, seq, id: entry.id, atMs: entry.atMs, what: `Entry ${seq} (${entry.id}) ${what}` }
}

function headBad({ upTo }: Walk, goal: AuditHead): FirstBad | null {
  if (upTo.seq > goal.seq || upTo.mac === goal.mac) return null
  return {
    kind: 'head_moved',
    seq: goal.seq,
    id: null,
    atMs: null,
    what: `The head of the chain names entry ${goal.seq} with another mac than it has`,
  }
}

/** An entry that stands behind the head was not written by a process of ours. */
async function beyondHead(
  { storage }: Pick<AuditContext, 'storage'>,
  goal: AuditHead,
): Promise<FirstBad | null> {
  const { seq, id, head } = await storage.audit.last()
  if (seq <= head.seq) {
    if (head.seq >= goal.seq) return null
    const what = `The head of the chain went back from entry ${goal.seq} to ${head.seq} during the check`
    return { kind: 'head_moved', seq: head.seq + 1, id: null, atMs: null, what }
  }
  const what = `Entry ${seq} (${id}) stands behind the head of the chain, which is at ${head.seq}`
  return { kind: 'beyond_head', seq, id, atMs: null, what }
}

/** The first row outside of the chain that no adoption speaks of, or that none can; or how far it came in its time. */
async function outside(
  audit: AuditPort,
  from: Place | null,
  isTimeUp: () => boolean,
): Promise<FirstBad | { readonly upTo: Place } | null> {
  let ranges: readonly AdoptedRange[] | null = null
  let behind = from
  for (;;) {
    const rows = await audit.unchained(behind, UNCHAINED_AT_ONCE)
    if (rows.length > 0) ranges ??= await adoptedRanges(audit)
    const stranger = rows.find(({ entry, isForged }) => isForged || !isAdopted(ranges ?? [], entry))
    if (stranger) return outsideRow(stranger.entry)
    const last = rows.at(-1)
    if (!last || rows.length < UNCHAINED_AT_ONCE) return null
    behind = { atMs: last.entry.atMs, id: last.entry.id }
    if (isTimeUp()) return { upTo: behind }
  }
}

const outsideRow = ({ id, atMs }: Pick<StoredAudit, 'id' | 'atMs'>): FirstBad => ({
  kind: 'outside',
  seq: null,
  id,
  atMs,
  what: `The entry ${id} stands outside of the chain; what is from before there was a chain has to be adopted once (docs/audit.md)`,
})
