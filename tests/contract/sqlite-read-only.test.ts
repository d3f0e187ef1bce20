import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openReplica } from '#lib/client/open-replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import { bundled } from '#tests/support/bundled.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tidemark-read-only-'))
})
afterAll(() => {
  chmodSync(folder, 0o755)
  rmSync(folder, { recursive: true, force: true })
})

const replicaOn = (file: string) =>
  openReplica({
    url: 'http://127.0.0.1:9',
    enrollmentKey: 'tme_key',
    device: DEVICE,
    store: openSqliteStore(file),
    sync: { auto: false },
  })

/** What lies there, without SQLite's own log: it may outlive the last of its openings for a moment. */
const namesIn = (): readonly string[] => readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name))

/** What a process that may not write the file is told; the superuser's may write all, so it is nobody's. */
async function openByAnother(file: string): Promise<unknown> {
  const worker = await bundled('tests/contract/sqlite-read-only.worker.ts')
  const scratch = path.join(mkdtempSync(path.join(tmpdir(), 'tidemark-read-only-')), 'own.db')
  const run = spawnSync(process.execPath, [worker, file, scratch], { encoding: 'utf8' })
  rmSync(path.dirname(scratch), { recursive: true })
  return JSON.parse(run.stdout || JSON.stringify(run.stderr))
}

test.each([
  ['file', { file: 0o444, guard: 0o666, folder: 0o777 }],
  ['guard', { file: 0o666, guard: 0o444, folder: 0o777 }],
  ['folder', { file: 0o666, guard: 0o666, folder: 0o555 }],
])(
  '[SDK4] a %s that may not be written is told as that, and nothing is moved',
  async (what, modes) => {
    chmodSync(folder, 0o755)
    const file = path.join(folder, `${what}.db`)
    const replica = await replicaOn(file)
    await replica.collection('notes').put(null, { text: 'waits' })
    await replica.close()
    const before = readFileSync(file)
    const names = namesIn()
    chmodSync(file, modes.file)
    chmodSync(`${file}.guard`, modes.guard)
    chmodSync(folder, modes.folder)
    expect(await openByAnother(file)).toMatchObject({ code: 'store_read_only' })
    expect(namesIn()).toEqual(names)
    expect(readFileSync(file).equals(before)).toBe(true)
    chmodSync(folder, 0o777)
    for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0o666)
    expect(await openByAnother(file)).toBe('opened')
  },
  60_000,
)

test('[SDK4] a file that was copied alone while it was in use has what stands in it, or tells what it lost', async () => {
  chmodSync(folder, 0o755)
  const file = path.join(folder, 'busy.db')
  const replica = await replicaOn(file)
  const ids: string[] = []
  const kept: number[] = []
  for (let round = 0; round < 6; round++) {
    for (let n = 0; n < 60; n++)
      ids.push((await replica.collection('notes').put(null, { text: 'x'.repeat(4_000) })).recordId)
    const copy = path.join(folder, `copy-${round}.db`)
    copyFileSync(file, copy)
    const twin = await replicaOn(copy)
    const known = (await twin.collection('notes').query()).map(({ id }) => id)
    const [told] = twin.recoveries$.get()
    const isPrefix = known.length === 0 || ids.slice(0, known.length).every((id) => known.includes(id))
    expect(isPrefix || told !== undefined).toBe(true)
    kept.push(known.length)
    await twin.close()
  }
  await replica.close()
  // Each copy has at least what one before it had: what has come into the file stays in it.
  expect(kept).toEqual(kept.toSorted((a, b) => a - b))
  expect(kept.at(-1)).toBeGreaterThan(0)
}, 60_000)
