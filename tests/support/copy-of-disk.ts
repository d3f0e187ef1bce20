import type { MemoryDisk } from '#lib/client/memory-store.ts'
import { createMemoryDisk } from '#lib/client/memory-store.ts'

/** As SQLite's file is copied with its device: a second store with all that the first one holds. */
export function copyOf(disk: MemoryDisk): MemoryDisk {
  const copy = createMemoryDisk()
  for (const [table, rows] of Object.entries(disk.tables))
    for (const [key, value] of rows) copy.tables[table as keyof MemoryDisk['tables']].set(key, value)
  copy.tables.meta.delete('lock')
  return copy
}
