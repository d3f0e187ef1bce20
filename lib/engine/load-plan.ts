import type { Mutation } from '#lib/protocol/mutation.ts'
import { recordKey } from './types.ts'
import type { IncomingPush, RecordKey } from './types.ts'

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
  /** Own ids and parents by `after`; the ancestors of these and their edited forms are needed too, at most CHAIN_MAX deep. */
  readonly mutationIds: readonly string[]
  /** Conflicts that mutations resolve; those that the mutations above wait for are needed too, and what waits behind them. */
  readonly conflictIds: readonly string[]
  /** What of the log of OT is needed: of one path after a revision, or of all after a version. */
  readonly otReads: readonly OtRead[]
}

export interface OtRead {
  readonly collection: string
  readonly recordId: string
  readonly path: string | null
  readonly afterRevision: number
  readonly afterVersion: number
}

const otReadKey = ({ path, afterRevision, afterVersion }: OtRead, record: RecordKey): string =>
  `${record} ${afterRevision} ${afterVersion} ${path ?? ''}`

/** What a schema version renamed may stand in the log under either name, whoever asks: all paths are read. */
function otReadOf({ collection, recordId, baseVersion, op }: Mutation, isRenamed: boolean): OtRead {
  const record = { collection, recordId }
  return op.type === 'ot'
    ? {
        ...record,
        path: isRenamed ? null : op.path,
        afterRevision: op.baseRevision,
        afterVersion: 0,
      }
    : { ...record, path: null, afterRevision: 0, afterVersion: baseVersion }
}

/**
 * Each thing once, whatever the pushes repeat. Base 0 is no document and is left out.
 * @param otRenames of a collection with paths under OT, whose log is needed too: whether a migration renames; else null
 */
export function planLoad(
  pushes: readonly IncomingPush[],
  otRenames: (collection: string) => boolean | null,
): LoadPlan {
  const records = new Map<string, LoadPlan['records'][number]>()
  const bases = new Map<string, LoadPlan['bases'][number]>()
  const mutationIds = new Set<string>()
  const conflictIds = new Set<string>()
  const otReads = new Map<string, OtRead>()
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
    const isRenamed = otRenames(collection)
    if (isRenamed !== null) {
      const read = otReadOf(mutation, isRenamed)
      otReads.set(otReadKey(read, key), read)
    }
    if (mutation.resolves !== undefined) conflictIds.add(mutation.resolves)
  }
  return {
    streams: [...streams].sort(),
    records: [...records.values()],
    bases: [...bases.values()],
    mutationIds: [...mutationIds],
    conflictIds: [...conflictIds],
    otReads: [...otReads.values()],
  }
}

const admitted = ({ mutations, shed }: IncomingPush): IncomingPush['mutations'] =>
  shed ? mutations.filter(({ mutation }) => !shed.has(mutation.collection)) : mutations

/** Its stream may be what cannot be locked, so of what is shed only the log is asked whether it had its effect (ID1). */
const keptOut = ({ mutations, shed }: IncomingPush): IncomingPush['mutations'] =>
  shed ? mutations.filter(({ mutation }) => shed.has(mutation.collection)) : []
