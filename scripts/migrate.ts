import path from 'node:path'
import { directUrlOf } from '#lib/storage/prisma/direct-url.ts'
import { applyMigrations } from '#lib/storage/prisma/migrate.ts'
import { readSettingFiles } from './launch/setting-files.mjs'

/**
 * Migrates the database of DATABASE_DIRECT_URL or DATABASE_URL. A process of its own: Prisma's schema engine
 * leaves handles open, so it ends by `process.exit`.
 */
readSettingFiles(process.env)
const databaseUrl = directUrlOf(process.env)
if (!databaseUrl)
  throw new Error('DATABASE_URL is not set. Use `npm start`, which sets it, or set it yourself.')

try {
  const applied = await applyMigrations(databaseUrl, path.resolve(import.meta.dirname, '../prisma'))
  console.log(JSON.stringify({ applied }))
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
