import { statSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { epochAfter } from '#lib/application/restores/raise-epochs.ts'
import { copyOut } from '#lib/storage/prisma/backup/copy.ts'
import { checkRestored, finishRestore } from '#lib/storage/prisma/backup/finish-restore.ts'
import { loadBackup } from '#lib/storage/prisma/backup/restore-backup.ts'
import { copyOutOf, listTables } from '#lib/storage/prisma/backup/tables.ts'
import { takeBackup } from '#lib/storage/prisma/backup/take-backup.ts'

/** One of them in a process that does nothing else, whose memory is its own. */
export interface Work {
  readonly kind: 'copy' | 'backup' | 'restore'
  readonly url: string
  readonly file: string
  readonly secret: string
}
export interface Done {
  readonly rows: number
  /** Of the rows as COPY has them. */
  readonly bytes: number
  readonly fileBytes: number
  readonly ms: number
  readonly rssBytes: number
}

const PRISMA_ROOT = path.resolve(import.meta.dirname, '../../prisma')
const work = JSON.parse(process.argv[2] ?? '') as Work
const startedMs = performance.now()
const done = await { copy, backup, restore }[work.kind](work)
const ms = performance.now() - startedMs
// In kilobytes, whatever the system counts in.
const rssBytes = process.resourceUsage().maxRSS * 1_024
console.log(JSON.stringify({ ...done, ms, rssBytes } satisfies Done))
process.exit(0)

type Found = Pick<Done, 'rows' | 'bytes' | 'fileBytes'>

async function copy({ url }: Work): Promise<Found> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  let bytes = 0
  for (const table of await listTables(client))
    await copyOut(client, copyOutOf(table), async (chunk) => void (bytes += chunk.length))
  await client.end()
  return { rows: 0, bytes, fileBytes: 0 }
}

async function backup({ url, file, secret }: Work): Promise<Found> {
  const taken = await takeBackup({ directUrl: url, secret, appVersion: 'bench', file })
  return { rows: total(taken.rows), bytes: 0, fileBytes: taken.bytes }
}

async function restore({ url, file, secret }: Work): Promise<Found> {
  const loaded = await loadBackup({
    directUrl: url,
    prismaRoot: PRISMA_ROOT,
    secret,
    file,
    epoch: null,
    unproven: false,
    epochAfter: (before) => epochAfter(before, Date.now()),
    configAtLeast: epochAfter(0, Date.now()),
  })
  const checks = await checkRestored({ directUrl: url, prismaRoot: PRISMA_ROOT }, loaded)
  const found = checks.filter((check) => check.found > 0)
  if (found.length > 0) throw new Error(`checks failed: ${JSON.stringify(found)}`)
  await finishRestore(url)
  return { rows: total(loaded.rows), bytes: 0, fileBytes: statSync(file).size }
}

function total(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0)
}
