import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BACKENDS, changeOf, commit, letterEffect, makeDevice, makeFleet, opened } from './storage/world.ts'

const MIGRATION = path.resolve(
  import.meta.dirname,
  '../../prisma/migrations/20261126222500_letter_fingerprints/migration.sql',
)

/** Details and paths of which each alternative of the patterns has a part. */
const REASONS = [
  { detail: 'title must be text', path: '/title' },
  { detail: 'at 12', path: '/lines/12/name' },
  { detail: `no ${randomUUID()} of 2026-11-24T10:00:00.000Z or 2026-11-24`, path: null },
  { detail: `${'f'.repeat(20)} -12,300.5e+7 ${'0'.repeat(18)}.25 "x" \\ `, path: '' },
  { detail: 'a\nb 1', path: `/a/${randomUUID()}/b/2026-11-24/${'a'.repeat(16)}` },
  { code: 'authority_refused', detail: 'x\n  at post (a.js:1:2)\n at b', path: null },
  { code: 'rule_violation', detail: 'rule 1', path: 'rule-1' },
  { code: 'parent_dead_lettered', detail: `its parent ${randomUUID()} is`, path: null },
  { code: 'exhausted', detail: '😀'.repeat(300), path: null },
  { detail: 'd', path: `/${'é'.repeat(1_200)}/a~1b/\\` },
] as const

describe('the fingerprints of the letters that were there before', () => {
  const current = opened(BACKENDS[1] as (typeof BACKENDS)[number])
  let owner: pg.Client
  beforeAll(async () => {
    owner = new pg.Client({ connectionString: current().url ?? '' })
    await owner.connect()
  })
  afterAll(() => owner.end())

  it('[DL8] are made once, as the code makes those of new ones', async () => {
    const { storage } = current()
    const { id: fleetId } = await makeFleet(storage)
    const { id: deviceId } = await makeDevice(storage, fleetId)
    const letters = REASONS.map((reason) => letterEffect(reason))
    await commit(storage, fleetId, () =>
      letters.map((deadLetter) => changeOf({ deviceId, version: null, deadLetter })),
    )
    const read = async () =>
      (
        await owner.query(
          'SELECT id, fingerprint, fingerprint_version, place, said FROM dead_letter ORDER BY id',
        )
      ).rows
    const written = await read()
    expect(written).toHaveLength(REASONS.length)
    // What no text of PostgreSQL holds has a fingerprint too.
    const odd = letterEffect({ detail: 'a\u0000b', path: '/\ud800' })
    await commit(storage, fleetId, () => [
      changeOf({ deviceId, version: null, deadLetter: odd, collection: 'no\u0000such' }),
    ])
    await owner.query(
      'ALTER TABLE dead_letter DROP COLUMN fingerprint, DROP COLUMN fingerprint_version, DROP COLUMN place, DROP COLUMN said',
    )
    await owner.query(readFileSync(MIGRATION, 'utf8'))
    const filled = await read()
    expect(filled.filter(({ id }) => id !== odd.id)).toEqual(written)
    expect(filled).toHaveLength(REASONS.length + 1)
  })
})
