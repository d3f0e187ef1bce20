import { assert } from '#lib/kernel/result.ts'
import type { JsonSchema, StrategyName, TieRule } from '#lib/protocol/device.ts'
import type { Thresholds } from '#lib/telemetry/thresholds.ts'
import type { BusinessRule, UpMigration } from '#lib/protocol/rules.ts'
import type { Authority, Collection, CollectionPort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import { forgetControlsOfCollection } from './breakers.ts'
import type { Database, Send, Statement } from './database.ts'
import type { Collection as CollectionRow } from './generated/client.ts'
import { at, fromJson, jsonText, ms } from './values.ts'

// Documents are written by pg: Prisma drops the key `__proto__` from a JSON value that it writes.
const CREATE: Statement = {
  name: 'collection_create',
  text: `INSERT INTO collection (fleet_id, id, name, version, strategy, tie_rule, field_strategies, schema, schema_version, thresholds,
      created_at, updated_at, rules, up_migrations, authority, masked)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (fleet_id, name) DO NOTHING RETURNING id`,
}
const UPDATE: Statement = {
  name: 'collection_update',
  text: `UPDATE collection SET name = $3, version = $4, strategy = $5, tie_rule = $6, field_strategies = $7, schema = $8,
      schema_version = $9, thresholds = $10, created_at = $11, updated_at = $12, rules = $13, up_migrations = $14, authority = $15, masked = $16
    WHERE fleet_id = $1 AND id = $2 AND version = $4 - 1 RETURNING id`,
}
const KEEP_SCHEMA: Statement = {
  name: 'collection_keep_schema',
  text: `INSERT INTO collection_schema (fleet_id, collection_id, schema_version, schema, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
}
/** As pushes lock it, before any row of the collection: whoever waits then finds the config as it is after. */
const LOCK_STREAM: Statement = {
  name: 'collection_lock_stream',
  text: 'SELECT FROM stream_head WHERE fleet_id = $1 AND collection = $2 FOR UPDATE',
}
const REMAINS: Statement = {
  name: 'collection_remains',
  text: `SELECT WHERE NOT EXISTS (SELECT FROM collection WHERE fleet_id = $1 AND name = $2) AND (
      EXISTS (SELECT FROM record WHERE fleet_id = $1 AND collection = $2)
      OR EXISTS (SELECT FROM record_base WHERE fleet_id = $1 AND collection = $2)
      OR EXISTS (SELECT FROM ot_op WHERE fleet_id = $1 AND collection = $2)
      OR EXISTS (SELECT FROM device_position WHERE fleet_id = $1 AND collection = $2))`,
}
const NAME_OF: Statement = {
  name: 'collection_name',
  text: 'SELECT name FROM collection WHERE fleet_id = $1 AND id = $2',
}
const OPEN_CONFLICT: Statement = {
  name: 'collection_open_conflict',
  text: `SELECT FROM conflict WHERE fleet_id = $1 AND collection = $2 AND status = 'open' LIMIT 1`,
}
const REMOVE: Statement = {
  name: 'collection_remove',
  text: 'DELETE FROM collection WHERE fleet_id = $1 AND id = $2 AND version = $3 RETURNING id',
}
const FORGET_SCHEMAS: Statement = {
  name: 'collection_forget_schemas',
  text: 'DELETE FROM collection_schema WHERE fleet_id = $1 AND collection_id = $2',
}
const FORGET_LAB_RUNS: Statement = {
  name: 'collection_forget_lab_runs',
  text: 'DELETE FROM lab_run WHERE fleet_id = $1 AND collection_id = $2',
}
const FORGET_LAB_WEIGHTS: Statement = {
  name: 'collection_forget_lab_weights',
  text: 'DELETE FROM lab_weights WHERE fleet_id = $1 AND collection_id = $2',
}
const END_STREAM: Statement = {
  name: 'collection_end_stream',
  text: `UPDATE stream_head SET version = version + 1, purged_version = version + 1
    WHERE fleet_id = $1 AND collection = $2`,
}
/** Made with the collection, so that a push never has to. */
const MAKE_HEAD: Statement = {
  name: 'collection_make_head',
  text: 'INSERT INTO stream_head (fleet_id, collection, version) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING',
}
const MASKINGS: Statement = {
  name: 'collection_maskings',
  text: 'SELECT name, masked, up_migrations FROM collection WHERE fleet_id = $1',
}
interface MaskingRow extends Record<string, unknown> {
  readonly name: string
  readonly masked: unknown
  readonly up_migrations: unknown
}
const RAISE_CONFIG: Statement = {
  name: 'fleet_raise_config',
  text: 'UPDATE fleet SET config_version = config_version + 1 WHERE id = $1 RETURNING id',
}

export function postgresCollections(database: Database): CollectionPort {
  return {
    create: (collection, audit) =>
      database.inFleet(collection.fleetId, async (send) => {
        const place = [collection.fleetId, collection.name]
        await send(LOCK_STREAM, place)
        if ((await send(REMAINS, place)).length > 0) return 'being_removed'
        if ((await send(CREATE, valuesOf(collection))).length === 0) return 'name_taken'
        await send(MAKE_HEAD, place)
        await published(send, collection)
        await insertAudit(send, audit)
        return 'created'
      }),
    list: async (fleetId) => {
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.collection.findMany({ where: { fleetId }, orderBy: { name: 'asc' } }),
      )
      return rows.map(collectionOf)
    },
    maskings: async (fleetId) => {
      const rows = await database.one<MaskingRow>(fleetId, MASKINGS, [fleetId])
      return rows.map(({ name, masked, up_migrations: upMigrations }) => ({
        name,
        masked: fromJson<string[]>(masked),
        upMigrations: fromJson<UpMigration[]>(upMigrations),
      }))
    },
    get: async (fleetId, id) => {
      const row = await database.prismaInFleet(fleetId, (tx) =>
        tx.collection.findUnique({ where: { fleetId_id: { fleetId, id } } }),
      )
      return row && collectionOf(row)
    },
    update: (next, audit) =>
      database.inFleet(next.fleetId, async (send) => {
        if ((await send(UPDATE, valuesOf(next))).length === 0) return 'stale'
        await published(send, next)
        await insertAudit(send, audit)
        return 'updated'
      }),
    remove: (fleetId, id, version, audit) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<{ name: string }>(NAME_OF, [fleetId, id])
        if (!row) return 'stale'
        const stream = [fleetId, row.name]
        await send(LOCK_STREAM, stream)
        if ((await send(OPEN_CONFLICT, stream)).length > 0) return 'conflicts_open'
        if ((await send(REMOVE, [fleetId, id, version])).length === 0) return 'stale'
        await send(FORGET_SCHEMAS, [fleetId, id])
        await send(FORGET_LAB_RUNS, [fleetId, id])
        await send(FORGET_LAB_WEIGHTS, [fleetId, id])
        await send(END_STREAM, stream)
        await forgetControlsOfCollection(send, fleetId, row.name)
        await raiseConfig(send, fleetId)
        await insertAudit(send, audit)
        return 'removed'
      }),
    schemaVersions: async (fleetId, id) => {
      const rows = await database.prismaInFleet(fleetId, (tx) =>
        tx.collectionSchema.findMany({
          where: { fleetId, collectionId: id },
          orderBy: { schemaVersion: 'asc' },
        }),
      )
      return rows.map(({ schemaVersion, schema, createdAt }) => ({
        schemaVersion,
        schema: fromJson<JsonSchema>(schema),
        createdAtMs: ms(createdAt),
      }))
    },
  }
}

async function published(send: Send, collection: Collection): Promise<void> {
  const { fleetId, id, schemaVersion, schema, updatedAtMs } = collection
  await send(KEEP_SCHEMA, [fleetId, id, schemaVersion, JSON.stringify(schema), at(updatedAtMs)])
  await raiseConfig(send, fleetId)
}

async function raiseConfig(send: Send, fleetId: string): Promise<void> {
  const raised = await send(RAISE_CONFIG, [fleetId])
  assert(raised.length === 1, `fleet ${fleetId} exists`)
}

const valuesOf = (c: Collection): unknown[] => [
  c.fleetId,
  c.id,
  c.name,
  c.version,
  c.strategy,
  c.tieRule,
  JSON.stringify(c.fieldStrategies),
  JSON.stringify(c.schema),
  c.schemaVersion,
  JSON.stringify(c.thresholds),
  at(c.createdAtMs),
  at(c.updatedAtMs),
  JSON.stringify(c.rules),
  JSON.stringify(c.upMigrations),
  jsonText(c.authority),
  JSON.stringify(c.masked),
]

function collectionOf(row: CollectionRow): Collection {
  return {
    id: row.id,
    fleetId: row.fleetId,
    name: row.name,
    version: row.version,
    strategy: row.strategy as StrategyName,
    tieRule: row.tieRule as TieRule,
    fieldStrategies: fromJson<Record<string, StrategyName>>(row.fieldStrategies),
    schema: fromJson<JsonSchema>(row.schema),
    schemaVersion: row.schemaVersion,
    thresholds: fromJson<Partial<Thresholds>>(row.thresholds),
    rules: fromJson<BusinessRule[]>(row.rules),
    upMigrations: fromJson<UpMigration[]>(row.upMigrations),
    authority: fromJson<Authority | null>(row.authority),
    masked: fromJson<string[]>(row.masked),
    createdAtMs: ms(row.createdAt),
    updatedAtMs: ms(row.updatedAt),
  }
}
