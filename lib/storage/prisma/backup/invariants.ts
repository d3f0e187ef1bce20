import type pg from 'pg'
import { numberOf } from './session.ts'

/** What must hold in a database at rest, by the laws of docs/backup.md, as far as data can tell. */
export interface CheckResult {
  readonly id: string
  /** Of C A E M R B Z L O. */
  readonly law: string
  readonly what: string
  /** Rows of which it is not so. */
  readonly found: number
}

interface Check {
  readonly law: string
  readonly what: string
  readonly text: string
}

/** Rows of the change log are deleted after a time: what is older than the oldest that is there proves nothing. */
const OLDEST = `(SELECT fleet_id, min(committed_at) AS at FROM change_log GROUP BY 1)`

const CHECKS: Readonly<Record<string, Check>> = {
  record_heads: {
    law: 'M',
    what: 'a record is newer than the head of its stream',
    text: `SELECT FROM (SELECT fleet_id, collection, max(version) AS v FROM record GROUP BY 1, 2) r
      LEFT JOIN stream_head h USING (fleet_id, collection) WHERE h.version IS NULL OR h.version < r.v`,
  },
  log_heads: {
    law: 'M',
    what: 'the change log is ahead of the head of its stream',
    text: `SELECT FROM (SELECT fleet_id, collection, max(version) AS v FROM change_log WHERE version IS NOT NULL GROUP BY 1, 2) c
      LEFT JOIN stream_head h USING (fleet_id, collection) WHERE h.version IS NULL OR h.version < c.v`,
  },
  positions: {
    law: 'M',
    what: 'a device was shown more than its stream has',
    text: `SELECT FROM device_position p LEFT JOIN stream_head h USING (fleet_id, collection)
      WHERE p.version > coalesce(h.version, 0)`,
  },
  records_logged: {
    law: 'B',
    what: 'a record has a version that no mutation made',
    text: `SELECT FROM record r JOIN ${OLDEST} o USING (fleet_id) LEFT JOIN change_log c USING (fleet_id, collection, version)
      WHERE r.committed_at > o.at AND c.mutation_id IS NULL`,
  },
  results: {
    law: 'E',
    what: 'a mutation had an effect that nothing tells',
    text: 'SELECT FROM change_log WHERE version IS NULL AND result IS NULL',
  },
  keys: {
    law: 'E',
    what: 'a key or an index is not valid',
    text: `SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisvalid AND c.relkind = 'r'`,
  },
  conflicts_kept: {
    law: 'A',
    what: 'what lost in a conflict is not kept',
    text: `SELECT FROM change_log c WHERE c.result ->> 'conflictId' IS NOT NULL AND NOT EXISTS (
      SELECT FROM conflict k WHERE k.fleet_id = c.fleet_id AND k.id = (c.result ->> 'conflictId')::uuid)`,
  },
  letters_logged: {
    law: 'A',
    what: 'an open dead letter is of no mutation',
    text: `SELECT FROM dead_letter l JOIN ${OLDEST} o USING (fleet_id) LEFT JOIN change_log c USING (fleet_id, mutation_id)
      WHERE l.status = 'open' AND l.created_at > o.at AND c.mutation_id IS NULL`,
  },
  held: {
    law: 'A',
    what: 'a mutation waits behind a conflict that is not there',
    text: `SELECT FROM held_mutation m LEFT JOIN conflict k ON k.fleet_id = m.fleet_id AND k.id = m.conflict_id
      WHERE k.id IS NULL`,
  },
  deleted: {
    law: 'Z',
    what: 'a record is deleted and has a document, or neither',
    text: 'SELECT FROM record WHERE deleted <> (data IS NULL)',
  },
  ot_revisions: {
    law: 'C',
    what: 'an operation is newer than the document that it is in',
    text: `SELECT FROM ot_op o JOIN record r USING (fleet_id, collection, record_id)
      WHERE o.schema_version = r.schema_version AND o.revision > (r.ot #>> ARRAY[o.path, 'revision'])::bigint`,
  },
  tokens: {
    law: 'O',
    what: 'a token is of a device that is not there',
    text: `SELECT FROM device_token t LEFT JOIN device d ON d.fleet_id = t.fleet_id AND d.id = t.device_id WHERE d.id IS NULL`,
  },
}

/** Reads all of it: of a large database that takes as long as a backup. */
export async function checkInvariants(client: pg.Client): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const [id, { law, what, text }] of Object.entries(CHECKS)) {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM (${text}) found`)
    results.push({ id, law, what, found: numberOf(rows[0]?.n) })
  }
  return results
}
