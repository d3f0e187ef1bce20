import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface MigrationFile {
  name: string
  script: string
  /** SHA-256 of the script in hex: what Prisma keeps in `_prisma_migrations.checksum`. */
  checksum: string
}

export interface MigrationFolder {
  /** The `prisma` folder: schema.prisma and migrations/. */
  root: string
  model: string
  lockfile: string
  migrations: MigrationFile[]
}

/** Reads the schema and the migrations, in the order in which they apply. */
export function readMigrationFolder(root: string): MigrationFolder {
  const directory = path.join(root, 'migrations')
  const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const names = entries.map((entry) => entry.name).sort()
  const migrations = names.map((name) => {
    const script = readFileSync(path.join(directory, name, 'migration.sql'), 'utf8')
    return { name, script, checksum: createHash('sha256').update(script).digest('hex') }
  })
  const lockfile = readFileSync(path.join(directory, 'migration_lock.toml'), 'utf8')
  return { root, model: readFileSync(path.join(root, 'schema.prisma'), 'utf8'), lockfile, migrations }
}
