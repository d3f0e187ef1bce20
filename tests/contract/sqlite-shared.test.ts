import { fork } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openReplica } from '#lib/client/open-replica.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { RecoveryNotice } from '#lib/client/tables.ts'
import { bundled } from '#tests/support/bundled.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

const PAGE_BYTES = 4_096
/** Both headers of the wal-index, which say how much of the log is published. */
const INDEX_HEADERS_BYTES = 96
const LARGE_BYTES = 30_000

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-shared-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const workers = new Set<Worker>()
afterEach(async () => {
  for (const worker of workers) await worker.kill()
})

interface Told {
  readonly pending: number
  readonly told: readonly RecoveryNotice[]
}
interface Worker {
  ask(what: string, bytes?: number): Promise<unknown>
  hears(what: string): Promise<unknown>
  kill(): Promise<void>
}

/** Opens the store in another process. */
async function startWorker(file: string): Promise<Worker> {
  const child = fork(await bundled('tests/contract/sqlite-shared.worker.ts'), [file])
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const hears = (what: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.on('message', (message: { what?: string; answer?: unknown; inside?: true }) => {
        if (message.what === what || (what === 'inside' && message.inside)) resolve(message.answer)
      })
      void ended.then(() => reject(new Error(`ended before ${what}`)))
    })
  const worker: Worker = {
    hears,
    ask(what, bytes = 0) {
      const answer = hears(what)
      child.send({ what, bytes })
      return answer
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
      workers.delete(worker)
    },
  }
  workers.add(worker)
  await hears('ready')
  return worker
}

const open = (file: string): Promise<Replica> =>
  openReplica({
    url: 'http://127.0.0.1:9',
    enrollmentKey: 'tme_key',
    device: DEVICE,
    store: openSqliteStore(file),
    sync: { auto: false },
  })

const toldBy = async (replica: Replica): Promise<readonly RecoveryNotice[]> =>
  (await replica.diagnostics()).store.recoveries

/** As SIGKILL between a commit's frames and their publication leaves it: the log has them, and no reader was told. */
async function killWhileCommitting(file: string): Promise<void> {
  const killed = await startWorker(file)
  const before = readFileSync(`${file}-shm`).subarray(0, INDEX_HEADERS_BYTES)
  await killed.ask('put', LARGE_BYTES)
  await killed.kill()
  writeAt(`${file}-shm`, before, 0)
}

/** In place: others have the file open. */
function writeAt(file: string, bytes: Buffer, at: number): void {
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes, 0, bytes.length, at)
  closeSync(handle)
}

/** One page that nobody needs is lost: it shows, and costs no change. */
function loseAcknowledged(file: string): void {
  const db = new Database(file)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const [root] = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'acknowledged'").all([]) as [
    { rootpage: number },
  ]
  db.close()
  writeAt(file, Buffer.alloc(PAGE_BYTES), (root.rootpage - 1) * PAGE_BYTES)
}

async function makeStore(name: string, waiting = 3): Promise<string> {
  const file = join(folder, `${name}.db`)
  const replica = await open(file)
  for (let n = 0; n < waiting; n++) await replica.collection('notes').put(null, { n })
  await replica.close()
  return file
}

describe('a store that processes share', () => {
  test.each(['while another process goes on', 'when all are gone'])(
    '[SDK4] is sound where one was killed while it committed, seen %s',
    async (when) => {
      const file = await makeStore(`killed-${when.length}`)
      const other = await startWorker(file)
      await other.ask('put')
      await killWhileCommitting(file)
      // Written over the first of those frames; the others stay behind it, with sums and salts that fit each other.
      await other.ask('put')
      if (when === 'when all are gone') await other.kill()
      const third = await startWorker(file)
      expect(await third.ask('told')).toEqual({ pending: 5, told: [] } satisfies Told)
      expect(existsSync(`${file}.broken-1`)).toBe(false)
    },
  )

  test('[SDK4] is mended only when no other process is in a transaction, and with what that committed', async () => {
    const file = await makeStore('linger')
    const other = await startWorker(file)
    loseAcknowledged(file)
    const store = openSqliteStore(file)
    const inside = other.hears('inside')
    const committed = other.ask('linger')
    await inside
    await store.salvage()
    expect(await store.transact((tx) => tx.get('notices', 'linger'))).toBe(true)
    await committed
    await store.close()
  })

  test('[SDK4] takes writes of the others in the mended file, once it is rebuilt', async () => {
    const file = await makeStore('rebuilt')
    const other = await startWorker(file)
    loseAcknowledged(file)
    const store = openSqliteStore(file)
    await store.salvage()
    const written = other.ask('put')
    const isWrittenFirst = await Promise.race([
      written.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 300, false)),
    ])
    expect(isWrittenFirst).toBe(false)
    await store.close()
    const replica = await open(file)
    await written
    expect(await replica.collection('notes').query()).toHaveLength(4)
    expect(await toldBy(replica)).toMatchObject([{ pendingKept: 3, changesLost: [] }])
    expect(existsSync(`${file}.broken-2`)).toBe(false)
    await replica.close()
  })

  test('[SDK4] is taken up before the next write where a process ended on the way to its mended file', async () => {
    const file = await makeStore('swapping')
    const replica = await open(file)
    await replica.collection('notes').put(null, { n: 3 })
    copyFileSync(`${await makeStore('swapped')}`, `${file}.salvaged`)
    await replica.collection('notes').put(null, { n: 4 })
    await replica.close()
    const again = await open(file)
    expect(again.status$.get().pending).toBe(4)
    await again.close()
  })

  test('[SDK4] that was mended, by a process that ended before it told, is rebuilt and told by the next', async () => {
    const file = await makeStore('untold')
    loseAcknowledged(file)
    const store = openSqliteStore(file)
    expect(await store.salvage()).toMatchObject({ setAside: `${file}.broken-1` })
    await store.close()
    const replica = await open(file)
    expect(await replica.collection('notes').query()).toHaveLength(3)
    expect(await toldBy(replica)).toMatchObject([{ pendingKept: 3, setAside: `${file}.broken-1` }])
    expect(replica.status$.get().storeHealth).toBe('rebuilding')
    await replica.close()
    const again = await open(file)
    expect(await again.collection('notes').query()).toHaveLength(3)
    expect(await toldBy(again)).toHaveLength(1)
    await again.close()
  })
})
