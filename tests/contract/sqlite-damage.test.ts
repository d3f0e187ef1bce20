import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { Authority } from '#tests/unit/client/support/authority.ts'
import { COLLECTION, createAuthority } from '#tests/unit/client/support/authority.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

const RECORDS = 400
const WAITING = 20
const PAGE_BYTES = 4_096

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tidemark-damage-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const open = (file: string, authority: Authority): Promise<Replica> =>
  openReplica({
    url: 'http://authority.test',
    enrollmentKey: 'tme_key',
    device: DEVICE,
    store: openSqliteStore(file),
    fetch: authority.fetch,
    sync: { auto: false },
  })

/** A store with records of the server and changes that wait, all in the file itself. */
async function usedFile(name: string): Promise<{ file: string; authority: Authority }> {
  const used = path.join(folder, `${name}.used`)
  const authority = createAuthority(Date.now)
  for (let n = 0; n < RECORDS; n++)
    authority.write(`01900000-0000-7000-8000-${String(n).padStart(12, '0')}`, { title: 'x'.repeat(300), n })
  const replica = await open(used, authority)
  await replica.sync()
  for (let n = 0; n < WAITING; n++) await replica.collection(COLLECTION).put(null, { title: `waits ${n}` })
  await replica.close()
  const db = new Database(used)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  const file = path.join(folder, `${name}.db`)
  copyFileSync(used, file)
  return { file, authority }
}

const write = (file: string, bytes: Buffer, at: number): void => {
  const whole = readFileSync(file)
  bytes.copy(whole, at)
  writeFileSync(file, whole)
}
const DAMAGE: Record<string, (file: string) => void> = {
  'is no database': (file) => writeFileSync(file, 'garbage '.repeat(5_000)),
  'has lost its header': (file) => write(file, Buffer.alloc(100), 0),
  'was cut to a half': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'was cut to a tenth': (file) => truncateSync(file, Math.floor(statSync(file).size / 10)),
  'has a hole in the middle': (file) =>
    write(
      file,
      Buffer.alloc(2 * PAGE_BYTES, 0xab),
      Math.floor(statSync(file).size / PAGE_BYTES / 2) * PAGE_BYTES,
    ),
}

describe('a file that', () => {
  test.each(Object.entries(DAMAGE))(
    '[SDK4] %s is set aside as it is, and the device goes on with what could be read',
    async (name, damage) => {
      const { file, authority } = await usedFile(name)
      damage(file)
      const broken = readFileSync(file)
      const replica = await open(file, authority)
      // Damage among the records shows when they are read.
      await replica
        .collection(COLLECTION)
        .query()
        .catch(() => [])
      await replica.sync()
      await replica.sync()
      const [notice] = replica.recoveries$.get()
      expect(notice?.setAside).toBe(`${file}.broken-1`)
      expect(readFileSync(`${file}.broken-1`).subarray(0, broken.length).equals(broken)).toBe(true)
      expect(replica.status$.get()).toMatchObject({ pending: 0, storeHealth: 'ok', problem: null })
      // What waited has arrived, as far as the notice says that it was kept; all that the server has is here.
      const kept = notice?.pendingKept ?? 0
      expect(notice?.mayHaveLostMore || kept === WAITING).toBe(true)
      expect(authority.records.size).toBe(RECORDS + kept)
      expect([...authority.effects.values()].every((count) => count === 1)).toBe(true)
      expect(await replica.collection(COLLECTION).query()).toHaveLength(RECORDS + kept)
      await replica.close()
      const again = await open(file, authority)
      expect(await again.collection(COLLECTION).query()).toHaveLength(RECORDS + kept)
      expect(again.recoveries$.get().length).toBeLessThanOrEqual(1)
      await again.close()
    },
  )

  test('[SDK4] is mended by one opening is taken up by the others, which lose no write', async () => {
    const { file, authority } = await usedFile('shared')
    const other = await open(file, authority)
    DAMAGE['has a hole in the middle']?.(file)
    const replica = await open(file, authority)
    await replica
      .collection(COLLECTION)
      .query()
      .catch(() => [])
    await replica.sync()
    await other.collection(COLLECTION).put(null, { title: 'after it was mended' })
    await replica.sync()
    await replica.sync()
    expect(
      [...authority.records.values()].some(({ data }) => data?.['title'] === 'after it was mended'),
    ).toBe(true)
    expect(existsSync(`${file}.broken-1`)).toBe(true)
    expect(existsSync(`${file}.broken-2`)).toBe(false)
    await Promise.all([replica.close(), other.close()])
  })

  test('[SDK4] was mended up to the last rename is taken up at the next opening', async () => {
    const { file, authority } = await usedFile('renamed')
    const sound = readFileSync(file)
    writeFileSync(`${file}.salvaged`, sound)
    writeFileSync(file, 'garbage '.repeat(5_000))
    const replica = await open(file, authority)
    expect(replica.status$.get().pending).toBe(WAITING)
    await replica.close()
  })
})
