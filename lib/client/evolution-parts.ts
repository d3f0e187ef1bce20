import { createEvolution } from '#lib/engine/schema-evolution/evolution.ts'
import type { Evolving } from '#lib/engine/schema-evolution/migrate-pointer.ts'
import { migratePointer, migrateStates } from '#lib/engine/schema-evolution/migrate-pointer.ts'
import type { MigrationCel } from '#lib/engine/schema-evolution/migration-cel.ts'
import { ok } from '#lib/kernel/result.ts'
import type { Mutation } from '#lib/protocol/mutation.ts'
import { loadedText } from './crdt-text.ts'
import { ReplicaError } from './errors.ts'
import { notLoaded } from './on-demand.ts'
import type { ReplicaRecord } from './tables.ts'
import type { RecordGround } from './view.ts'

/** A record with the changes on it, under one schema version. */
export interface Aligned {
  readonly record: ReplicaRecord | null
  /** Without those that the server can't bring up: they become dead letters. */
  readonly own: readonly Mutation[]
  readonly version: number
}

type Brought = Pick<RecordGround, 'config' | 'version'>

export interface EvolutionParts {
  align(rules: Evolving, record: ReplicaRecord | null, own: readonly Mutation[]): Aligned
  /**
   * A change of an older app as the server will have it, on a record that it has brought up further (DL5). Fails with
   * `invalid_data` where the server would make it a dead letter.
   */
  bringUp(ground: Brought, mutation: Mutation): Mutation
  /** A pointer of an older version as `rules` name it; null for one that goes. */
  readonly pointer: typeof migratePointer
}

let compile: MigrationCel | null = null

/** The evaluator, heavier than all the rest, comes with the first step that computes. */
const cel: MigrationCel = (text) => {
  if (compile) return compile(text)
  throw notLoaded(async () => {
    compile = (await import('#lib/engine/schema-evolution/migration-cel.ts')).compileMigrationCel
  })
}
const evolution = createEvolution(cel, loadedText)

/** The record as the server would have it; null where a step fails on it. */
function alignRecord(rules: Evolving, record: ReplicaRecord): ReplicaRecord | null {
  const { data, crdt = {}, ot, heard, hlc, schemaVersion: from, heardVersion = from } = record
  if (from >= rules.schemaVersion || !data) return record
  const made = evolution.record(rules, { data, crdt, hlc }, from)
  if (!made.ok) return null
  return {
    ...record,
    schemaVersion: rules.schemaVersion,
    data: made.value.data,
    ...(record.crdt ? { crdt: made.value.crdt } : {}),
    ...(ot ? { ot: migrateStates(rules, ot, from) } : {}),
    ...(heard ? { heard: migrateStates(rules, heard, heardVersion), heardVersion: rules.schemaVersion } : {}),
  }
}

export const evolutionParts: EvolutionParts = {
  align(rules, record, own) {
    const aligned = record && alignRecord(rules, record)
    if (record && !aligned)
      return { record, own, version: Math.max(...[record, ...own].map(({ schemaVersion }) => schemaVersion)) }
    const brought = own.flatMap((mutation) => {
      const made = evolution.mutation(rules, mutation)
      return made.ok ? [made.value] : []
    })
    return { record: aligned, own: brought, version: rules.schemaVersion }
  },
  bringUp({ config, version: schemaVersion }, mutation) {
    const made = config ? evolution.mutation({ ...config, schemaVersion }, mutation) : ok(mutation)
    if (!made.ok) throw new ReplicaError('invalid_data', made.error)
    return made.value
  },
  pointer: migratePointer,
}
