import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { breachesOf } from '#tests/support/migration-steps.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const FOLDER = path.join(ROOT, 'prisma/migrations')
/** The newest of the first release: what came before it ran beside nothing. */
const BASELINE = (
  JSON.parse(readFileSync(path.join(ROOT, 'tests/fixtures/previous-release/release.json'), 'utf8')) as {
    readonly newestMigration: string
  }
).newestMigration
/** They landed before a fill had to stand apart. A script that databases have is never changed: its checksum is kept there. */
const FILLS_WITH_ITS_CHANGE = new Set([
  '20261128012000_people',
  '20261128014000_conflict_desk',
  '20261128021000_removed_people',
])
const names = readdirSync(FOLDER, { withFileTypes: true })
  .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  .sort()
const newer = names.filter((name) => name > BASELINE)

describe('migrations let the release before go on beside this one (docs/upgrades.md)', () => {
  it('know that release by its newest', () => {
    expect(names).toContain(BASELINE)
  })

  it('have names in the order of their times', () => {
    expect(names.filter((name) => !/^\d{14}_[a-z0-9_]+$/.test(name))).toEqual([])
  })

  it('of this release expand, and take away only what is marked', () => {
    const breaches = newer.flatMap((name) =>
      breachesOf(readFileSync(path.join(FOLDER, name, 'migration.sql'), 'utf8')).map((breach) => ({
        name,
        ...breach,
      })),
    )
    expect(breaches.filter(({ name }) => !FILLS_WITH_ITS_CHANGE.has(name))).toEqual([])
    // Each for its fill alone.
    expect(breaches.map(({ name }) => name)).toEqual([...FILLS_WITH_ITS_CHANGE])
  })

  it.each([
    'ALTER TABLE "fleet" DROP COLUMN "name"',
    'ALTER TABLE fleet RENAME COLUMN name TO title',
    'ALTER TABLE fleet RENAME TO fleets',
    'DROP TABLE "fleet"',
    'DROP TABLE IF EXISTS "fleet"',
    'TRUNCATE TABLE fleet',
    'ALTER TABLE fleet ADD COLUMN a INT NOT NULL',
    'ALTER TABLE fleet ADD COLUMN a INT NOT NULL DEFAULT 0, ADD COLUMN b INT NOT NULL',
    'ALTER TABLE fleet ALTER COLUMN a SET NOT NULL',
    'ALTER TABLE fleet ALTER COLUMN a TYPE BIGINT',
    'ALTER TABLE fleet ALTER COLUMN a SET DATA TYPE BIGINT',
    'ALTER TABLE fleet ADD CONSTRAINT a CHECK (b > 0)',
    'ALTER TABLE fleet ADD CONSTRAINT "a" FOREIGN KEY (b) REFERENCES c (d)',
    'REVOKE SELECT ON fleet FROM tidemark_runtime',
    'LOCK TABLE fleet',
    'ALTER TABLE fleet ADD COLUMN a INT; UPDATE "fleet" f SET a = 1',
    'CREATE UNIQUE INDEX CONCURRENTLY a ON fleet (b)',
    'DROP INDEX CONCURRENTLY a',
    'REINDEX INDEX CONCURRENTLY a',
    '-- a word\nALTER TABLE fleet\n  DROP COLUMN name',
    'SELECT 1; ALTER TABLE fleet DROP COLUMN name',
  ])('%s is found', (sql) => {
    expect(breachesOf(`${sql};`)).toHaveLength(1)
  })

  it.each([
    'ALTER TABLE fleet ADD COLUMN a INT',
    'ALTER TABLE fleet ADD COLUMN a INT NOT NULL DEFAULT 0',
    'ALTER TABLE fleet ADD CONSTRAINT a CHECK (b > 0) NOT VALID',
    'ALTER TABLE fleet VALIDATE CONSTRAINT a',
    'CREATE TABLE a (b INT NOT NULL); ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)',
    'CREATE TABLE "a" (b INT NOT NULL); REVOKE ALL ON "a" FROM tidemark_runtime',
    'REVOKE ALL ON fleet FROM tidemark_runtime; GRANT SELECT ON fleet TO tidemark_runtime',
    'CREATE INDEX a ON fleet (b)',
    'UPDATE fleet SET a = 1',
    'ALTER TABLE device ADD COLUMN a INT; UPDATE fleet SET a = 1',
    'CREATE TABLE a (b INT); ALTER TABLE a ENABLE ROW LEVEL SECURITY; UPDATE a SET b = 1',
    'REVOKE ALL ON FUNCTION a() FROM PUBLIC',
    '-- DROP TABLE fleet',
    "CREATE FUNCTION a() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE b'; END $$",
    '-- contract: since 1.4.0 nothing reads it\nALTER TABLE fleet DROP COLUMN name',
  ])('%s is allowed', (sql) => {
    expect(breachesOf(`${sql};`)).toEqual([])
  })

  it('a contract step says since when', () => {
    expect(breachesOf('-- contract: nobody needs it\nALTER TABLE fleet DROP COLUMN name;')).toHaveLength(1)
    expect(breachesOf('-- contract: since 1.4.0 gone\nLOCK TABLE fleet;')).toHaveLength(1)
  })
})
