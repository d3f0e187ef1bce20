import type { AppRelease, ReleasePort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { at, ms } from './values.ts'

/** One at a time in a fleet, so that the bound holds. */
const LOCK: Statement = {
  name: 'release_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 2))',
}
const LOOK: Statement = {
  name: 'release_look',
  text: `SELECT count(*) AS count, coalesce(bool_or(version = $2), false) AS known FROM app_release WHERE fleet_id = $1`,
}
const ADD: Statement = {
  name: 'release_add',
  text: `INSERT INTO app_release (fleet_id, version, id, released_at, note, recorded_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
}
const LIST: Statement = {
  name: 'release_list',
  text: 'SELECT * FROM app_release WHERE fleet_id = $1 ORDER BY released_at DESC, id DESC',
}
const REMOVE: Statement = {
  name: 'release_remove',
  text: 'DELETE FROM app_release WHERE fleet_id = $1 AND id = $2 RETURNING *',
}

interface Row extends Record<string, unknown> {
  readonly fleet_id: string
  readonly version: string
  readonly id: string
  readonly released_at: Date
  readonly note: string | null
  readonly recorded_by: string
  readonly created_at: Date
}

export function postgresReleases(database: Database): ReleasePort {
  return {
    add: (release, max, audit) =>
      database.inFleet(release.fleetId, async (send) => {
        const { fleetId, id, note } = release
        const version = storableText(release.version)
        await send(LOCK, [fleetId])
        const [there] = await send<{ count: number; known: boolean }>(LOOK, [fleetId, version])
        if (there?.known === true) return 'known'
        if ((there?.count ?? 0) >= max) return 'full'
        await send(ADD, [
          fleetId,
          version,
          id,
          at(release.releasedAtMs),
          note === null ? null : storableText(note),
          storableText(release.recordedBy),
          at(release.createdAtMs),
        ])
        await insertAudit(send, audit)
        return 'added'
      }),
    list: async (fleetId) => (await database.one<Row>(fleetId, LIST, [fleetId])).map(releaseOf),
    remove: (fleetId, id, describe) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<Row>(REMOVE, [fleetId, id])
        if (!row) return null
        const release = releaseOf(row)
        await insertAudit(send, describe(release))
        return release
      }),
  }
}

const releaseOf = (row: Row): AppRelease => ({
  id: row.id,
  fleetId: row.fleet_id,
  version: originalText(row.version),
  releasedAtMs: ms(row.released_at),
  note: row.note === null ? null : originalText(row.note),
  recordedBy: originalText(row.recorded_by),
  createdAtMs: ms(row.created_at),
})
