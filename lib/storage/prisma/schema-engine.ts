import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm'
import type { MigrationAdapter } from './migration-adapter.ts'
import type { MigrationFolder } from './migration-files.ts'

export const NO_FILTER: SchemaFilter = { externalTables: [], externalEnums: [] }

/** The engine's glue keeps one WebAssembly instance: a second one in a process would corrupt the first. */
let loaded: Promise<typeof SchemaEngine> | undefined

/**
 * Loads Prisma's schema engine, which is WebAssembly and needs no download. It keeps
 * handles open for good: end the process after using it.
 */
export async function loadSchemaEngine(
  adapter: MigrationAdapter,
  folder: MigrationFolder,
): Promise<SchemaEngine> {
  // The engine writes the text of a panic here; without it a panic is an unexplained `unreachable`.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      message: '',
      set_message(message: string) {
        this.message = message
      },
    },
  })
  loaded ??= instantiate()
  const Engine = await loaded
  const datamodels: [string, string][] = [[path.join(folder.root, 'schema.prisma'), folder.model]]
  return Engine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(adapter))
}

/** The migrations in the shape in which the engine takes them. */
export function migrationList(folder: MigrationFolder): MigrationList {
  return {
    baseDir: path.join(folder.root, 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: folder.lockfile },
    shadowDbInitScript: '',
    migrationDirectories: folder.migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  }
}

async function instantiate(): Promise<typeof SchemaEngine> {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const module = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const bytes = readFileSync(module.replace(/\.js$/, '.wasm'))
  const imports = { './schema_engine_bg.js': glue as WebAssembly.ModuleImports }
  const { instance } = await WebAssembly.instantiate(bytes, imports)
  glue.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start']
  if (typeof start === 'function') start()
  return glue.SchemaEngine
}
