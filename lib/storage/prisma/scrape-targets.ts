import type { IngestPort, ScrapeTarget } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Statement } from './database.ts'
import { originalText, storableText } from './storable-text.ts'
import { holdFleet } from './told.ts'
import { at, ms } from './values.ts'

const COLUMNS = 'fleet_id, id, source, url, every_ms, created_at, last_at, last_points, last_problem'
const COUNT: Statement = {
  name: 'scrape_target_count',
  text: 'SELECT count(*) AS count FROM scrape_target WHERE fleet_id = $1',
}
const ADD: Statement = {
  name: 'scrape_target_add',
  text: `INSERT INTO scrape_target (fleet_id, id, source, url, every_ms, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
}
const LIST: Statement = {
  name: 'scrape_target_list',
  text: `SELECT ${COLUMNS} FROM scrape_target WHERE fleet_id = $1 ORDER BY created_at, id`,
}
const REMOVE: Statement = {
  name: 'scrape_target_remove',
  text: `DELETE FROM scrape_target WHERE fleet_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
}
const NOTE: Statement = {
  name: 'scrape_target_note',
  text: 'UPDATE scrape_target SET last_at = $3, last_points = $4, last_problem = $5 WHERE fleet_id = $1 AND id = $2',
}

interface TargetRow extends Record<string, unknown> {
  readonly fleet_id: string
  readonly id: string
  readonly source: string
  readonly url: string
  readonly every_ms: number
  readonly created_at: Date
  readonly last_at: Date | null
  readonly last_points: number | null
  readonly last_problem: string | null
}

/** The part of the port that keeps the pages which are asked. */
export const postgresScrapeTargets = (
  database: Database,
): Pick<IngestPort, 'addTarget' | 'targets' | 'removeTarget' | 'noteScrape'> => ({
  addTarget: ({ fleetId, id, source, url, everyMs, createdAtMs }, max, audit) =>
    database.inFleet(fleetId, async (send) => {
      await holdFleet(send, fleetId)
      const [row] = await send<{ count: number }>(COUNT, [fleetId])
      if (Number(row?.count ?? 0) >= max) return 'too_many'
      await send(ADD, [fleetId, id, source, storableText(url), everyMs, at(createdAtMs)])
      await insertAudit(send, audit)
      return 'created'
    }),
  targets: async (fleetId) => (await database.one<TargetRow>(fleetId, LIST, [fleetId])).map(targetOf),
  removeTarget: (fleetId, id, audit) =>
    database.inFleet(fleetId, async (send) => {
      const [row] = await send<TargetRow>(REMOVE, [fleetId, id])
      if (!row) return null
      const target = targetOf(row)
      await insertAudit(send, audit(target))
      return target
    }),
  noteScrape: async (fleetId, id, { atMs, points, problem }) => {
    const told = problem === null ? null : storableText(problem)
    await database.one(fleetId, NOTE, [fleetId, id, at(atMs), points, told])
  },
})

const targetOf = (row: TargetRow): ScrapeTarget => ({
  id: row.id,
  fleetId: row.fleet_id,
  source: row.source,
  url: originalText(row.url),
  everyMs: row.every_ms,
  createdAtMs: ms(row.created_at),
  last:
    row.last_at === null
      ? null
      : {
          atMs: ms(row.last_at),
          points: row.last_points,
          problem: row.last_problem === null ? null : originalText(row.last_problem),
        },
})
