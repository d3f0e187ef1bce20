import { linked, storedEntry, type Link, type Seal } from '../audit-chain.ts'
import { NO_HEAD, type AuditEntry, type AuditHead } from '../ports.ts'
import type { Undo } from './table.ts'

/** The audit log of a memory: entries stand at once, and are chained as their transaction ends. */
export class AuditLog {
  private readonly rows = new Map<string, AuditEntry>()
  private readonly links = new Map<string, Link>()
  /** By number, from 1 on. */
  private readonly chain: string[] = []
  private waiting = new WeakMap<Undo, AuditEntry[]>()
  private headNow: AuditHead = NO_HEAD
  private readonly seal: Seal

  constructor(seal: Seal) {
    this.seal = seal
  }

  get head(): AuditHead {
    return this.headNow
  }

  get(id: string): AuditEntry | undefined {
    return this.rows.get(id)
  }

  linkOf(id: string): Link | undefined {
    return this.links.get(id)
  }

  /** In the order in which they were appended. */
  values(): AuditEntry[] {
    return [...this.rows.values()]
  }

  /** Entries with a number above one, in their order. */
  behind(seq: number, limit: number): { readonly entry: AuditEntry; readonly link: Link }[] {
    return this.chain.slice(Math.max(seq, 0), seq + limit).map((id) => {
      const [entry, link] = [this.rows.get(id), this.links.get(id)]
      if (!entry || !link) throw new Error('assertion failed: an entry of the chain is there')
      return { entry, link }
    })
  }

  set(undo: Undo, id: string, entry: AuditEntry): void {
    if (this.rows.has(id)) throw new Error('assertion failed: an entry of the audit log is written once')
    const row = storedEntry(entry)
    this.rows.set(id, row)
    undo.push(() => this.rows.delete(id))
    const waiting = this.waiting.get(undo) ?? []
    waiting.push(row)
    this.waiting.set(undo, waiting)
  }

  /** Chains what a transaction wrote; what was taken back never had a number, so that none is missing. */
  commit(undo: Undo): void {
    const entries = this.waiting.get(undo)
    if (!entries) return
    this.waiting.delete(undo)
    const { links, head } = linked(this.seal, this.headNow, entries)
    for (const [i, { id }] of entries.entries()) {
      this.links.set(id, links[i] as Link)
      this.chain.push(id)
    }
    this.headNow = head
  }

  /** What a backup holds: committed entries alone. */
  copy(): AuditLog {
    const copy = new AuditLog(this.seal)
    for (const [id, row] of this.rows) copy.rows.set(id, row)
    for (const [id, link] of this.links) copy.links.set(id, link)
    copy.chain.push(...this.chain)
    copy.headNow = this.headNow
    return copy
  }
}
