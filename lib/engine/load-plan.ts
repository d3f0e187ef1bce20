import type { Mutation } from '#lib/protocol/mutation.ts'
import type { PathName } from './schema-evolution/former-names.ts'
import { namesOf } from './schema-evolution/former-names.ts'
import type { Evolving } from './schema-evolution/migrate-pointer.ts'
import { migratePointer } from './schema-evolution/migrate-pointer.ts'
import { recordKey } from './types.ts'
import type { IncomingPush } from './types.ts'

/** What must be loaded, under the streams' locks, before these pushes can be decided. */
export interface LoadPlan {
  /** Collections in the order in which their streams are locked. */
  readonly streams: readonly string[]
  readonly records: readonly { readonly collection: string; readonly recordId: string }[]
  readonly bases: readonly {
    readonly collection: string
    readonly recordId: string
    readonly version: number
  }[]
  /** Own ids and parents by `after`; the ancestors of these and their edited forms are needed too, CHAIN_MAX links up from each. */
  readonly mutationIds: readonly string[]
  /** Conflicts that mutations resolve; those that the mutations above wait for are needed too, and what waits behind them. */
  readonly conflictIds: readonly string[]
  /** What of the log of OT is needed, by push: nothing that one needs is cut for what another reads. */
  readonly otReads: readonly (readonly OtRead[])[]
}

/** One path's operations after a revision, under all its names, or all of a record's after a version. */
export interface OtRead {
  readonly collection: string
  readonly recordId: string
  /** Newest first; null means all paths. */
  readonly names: readonly PathName[] | null
  readonly afterRevision: number
  readonly afterVersion: number
  /** Whose read it is. */
  readonly mutationIds: readonly string[]
}

type OtRules = (collection: string) => Evolving | null

/** A path is read once, from the lowest revision that one of the push's mutations names; so is a record. */
function otReadsOf({ mutations }: Pick<IncomingPush, 'mutations'>, otRules: OtRules): readonly OtRead[] {
  const reads = new Map<string, OtRead>()
  for (const { mutation } of mutations) {
    const rules = otRules(mutation.collection)
    const place = rules && otPlaceOf(rules, mutation)
    if (!place) continue
    const { collection, recordId, id, op, baseVersion } = mutation
    const key = `${recordKey(collection, recordId)} ${place.path ?? ''}`
    const known = reads.get(key)
    const names = known ? known.names : place.path === null ? null : namesOf(rules, place.path)
    const afterRevision = op.type === 'ot' ? op.baseRevision : 0
    const afterVersion = op.type === 'ot' ? 0 : baseVersion
    reads.set(key, {
      collection,
      recordId,
      names,
      afterRevision: Math.min(afterRevision, known?.afterRevision ?? Infinity),
      afterVersion: Math.min(afterVersion, known?.afterVersion ?? Infinity),
      mutationIds: [...(known?.mutationIds ?? []), id],
    })
  }
  return [...reads.values()]
}

/** The path, under today's name, that an operation's log is of; null for all of the record. Nothing where it has gone. */
function otPlaceOf(
  rules: Evolving,
  { op, schemaVersion }: Mutation,
): { readonly path: string | null } | null {
  if (op.type !== 'ot') return { path: null }
  const path = migratePointer(rules, op.path, schemaVersion)
  return path === null ? null : { path }
}

/**
 * Each thing once, whatever the pushes repeat. Base 0 is no document and is left out.
 * @param otRules of a collection with paths under OT, whose log is needed too; else null
 */
export function planLoad(pushes: readonly IncomingPush[], otRules: OtRules): LoadPlan {
  const records = new Map<string, LoadPlan['records'][number]>()
  const bases = new Map<string, LoadPlan['bases'][number]>()
  const mutationIds = new Set<string>()
  const conflictIds = new Set<string>()
  const streams = new Set<string>()
  for (const { editOf } of pushes) if (editOf !== null) mutationIds.add(editOf)
  for (const { mutation } of pushes.flatMap(keptOut)) mutationIds.add(mutation.id)
  for (const { mutation } of pushes.flatMap(admitted)) {
    const { collection, recordId, baseVersion: version } = mutation
    const key = recordKey(collection, recordId)
    streams.add(collection)
    records.set(key, { collection, recordId })
    if (version > 0) bases.set(`${key}@${version}`, { collection, recordId, version })
    mutationIds.add(mutation.id)
    if (mutation.after !== undefined) mutationIds.add(mutation.after)
    if (mutation.resolves !== undefined) conflictIds.add(mutation.resolves)
  }
  return {
    streams: [...streams].sort(),
    records: [...records.values()],
    bases: [...bases.values()],
    mutationIds: [...mutationIds],
    conflictIds: [...conflictIds],
    otReads: pushes
      .map((push) => otReadsOf({ mutations: admitted(push) }, otRules))
      .filter((reads) => reads.length > 0),
  }
}

const admitted = ({ mutations, shed }: IncomingPush): IncomingPush['mutations'] =>
  shed ? mutations.filter(({ mutation }) => !shed.has(mutation.collection)) : mutations

/** Its stream may be what cannot be locked, so of what is shed only the log is asked whether it had its effect (ID1). */
const keptOut = ({ mutations, shed }: IncomingPush): IncomingPush['mutations'] =>
  shed ? mutations.filter(({ mutation }) => shed.has(mutation.collection)) : []
