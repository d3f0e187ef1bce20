import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BackupError } from '#lib/storage/prisma/backup/backup-error.ts'
import type { BackupHeader } from '#lib/storage/prisma/backup/backup-file.ts'
import { BackupWriter, FRAME_BYTES_MAX, readBackup } from '#lib/storage/prisma/backup/backup-file.ts'
import { copyIn, copyOut } from '#lib/storage/prisma/backup/copy.ts'
import { checkRestored, finishRestore } from '#lib/storage/prisma/backup/finish-restore.ts'
import type { LoadedBackup, RestoreOptions } from '#lib/storage/prisma/backup/restore-backup.ts'
import { loadBackup } from '#lib/storage/prisma/backup/restore-backup.ts'
import { withOwner } from '#lib/storage/prisma/backup/session.ts'
import { takeBackup } from '#lib/storage/prisma/backup/take-backup.ts'
import { applyMigrations, migrationState } from '#lib/storage/prisma/migrate.ts'
import { onDatabase } from '#lib/storage/prisma/migration-adapter.ts'
import { foldEvents } from '#lib/application/telemetry/fold-events.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { testApp } from '#tests/support/device-world.ts'
import { epochAfter } from '#lib/application/restores/raise-epochs.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'
import { bundled } from '#tests/support/bundled.ts'
import { testServer } from '#tests/support/database.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const PRISMA_ROOT = path.join(ROOT, 'prisma')
const SECRET = 'the secret of the server that is lost: 0123456789'
const NOW_MS = Date.UTC(2026, 10, 28)

let world: DeviceHttp
let folder: string
let file: string
let header: BackupHeader
let owner: pg.Client
const targets: string[] = []

/** An empty database, as a new server has before anything runs. */
async function newTarget(): Promise<string> {
  const name = `target_${randomUUID().replaceAll('-', '')}`
  await owner.query(`CREATE DATABASE ${name} TEMPLATE template0`)
  targets.push(name)
  return onDatabase(world.databaseUrl, name)
}

async function sql<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

const optionsFor = (directUrl: string, changes: Partial<RestoreOptions> = {}): RestoreOptions => ({
  directUrl,
  prismaRoot: PRISMA_ROOT,
  secret: SECRET,
  file,
  epoch: null,
  unproven: false,
  epochAfter: (before) => epochAfter(before, NOW_MS),
  configAtLeast: epochAfter(0, NOW_MS),
  ...changes,
})
const codeOf = (loading: Promise<LoadedBackup>): Promise<string> =>
  loading.then(
    () => 'loaded',
    (error: BackupError) => error.code,
  )
/** No table, so nothing was written. */
const tablesIn = async (url: string): Promise<number> =>
  Number(
    (await sql<{ n: string }>(url, `SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public'`))[0]?.n,
  )

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tidemark-test-'))
  file = path.join(folder, 'whole.backup')
  owner = new pg.Client({ connectionString: testServer() })
  await owner.connect()
  world = await deviceHttp()
  const device = await world.device()
  await device.pushed([device.mutation(), device.mutation(), device.mutation()])
  await foldEvents(world.app.ctx)
  const replica = await world.replica()
  await replica.collection('notes').put(null, { title: 'tab\t, newline\n, quote", \\ backslash, \\N and ü' })
  await replica.sync()
  await replica.close()
  ;({ header } = await takeBackup({ directUrl: world.databaseUrl, secret: SECRET, appVersion: '1', file }))
})
afterEach(async () => {
  for (const name of targets.splice(0)) await owner.query(`DROP DATABASE ${name} WITH (FORCE)`)
})
afterAll(async () => {
  await world.close()
  await owner.end()
  await rm(folder, { recursive: true, force: true })
})

describe('a backup file', () => {
  it('is readable by its owner alone, replaces none, and leaves nothing beside it', async () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const again = takeBackup({ directUrl: world.databaseUrl, secret: SECRET, appVersion: '1', file })
    await expect(again).rejects.toMatchObject({ code: 'file_exists' })
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('is never longer in one piece than a reader takes', async () => {
    const copy = path.join(folder, `${randomUUID()}.backup`)
    const writer = await BackupWriter.create(copy, SECRET)
    await expect(writer.rows(0, Buffer.alloc(FRAME_BYTES_MAX + 1))).rejects.toThrow('longer')
    await writer.header(header)
    await writer.rows(0, Buffer.alloc(FRAME_BYTES_MAX))
    await writer.discard()
    expect(readdirSync(path.dirname(copy)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('leaves nothing where not even its first bytes could be written', async () => {
    const out = path.join(folder, 'none', 'tidemark.backup')
    await mkdir(path.dirname(out))
    const script = path.join(folder, 'none.mts')
    await writeFile(
      script,
      `import { BackupWriter } from '${ROOT}/lib/storage/prisma/backup/backup-file.ts'
      const code = await BackupWriter.create(process.argv[2], 'x').catch((error) => error.code)
      process.stdout.write(code)`,
    )
    // A file of at most nothing.
    const line = `ulimit -f 0 && exec '${process.execPath}' --import tsx '${script}' '${out}'`
    const { stdout } = await promisify(execFile)('bash', ['-c', line], {
      cwd: ROOT,
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    })
    expect(stdout).toBe('not_written')
    expect(readdirSync(path.dirname(out))).toEqual([])
  })

  it('holds none of what must not live on: sessions, links, leases, and no token or key but as a hash', async () => {
    const names = header.tables.map(({ name }) => name)
    for (const name of ['user_session', 'one_time_link', 'lease', 'breaker_process', '_prisma_migrations'])
      expect(names).not.toContain(name)
    const parts: Buffer[] = []
    await readBackup(file, { secret: SECRET, unproven: false }, async (_table, rows) => void parts.push(rows))
    const all = Buffer.concat(parts).toString('utf8')
    expect(all).toContain(world.fleet.fleetId)
    expect(all).not.toContain(world.fleet.key)
    expect(all).not.toContain('tmd_')
  })

  it('comes back row for row, under a new epoch, with its telemetry to be folded once', async () => {
    const target = await newTarget()
    const loaded = await loadBackup(optionsFor(target))
    const checks = await checkRestored({ directUrl: target, prismaRoot: PRISMA_ROOT }, loaded)
    expect(checks.filter(({ found }) => found > 0)).toEqual([])
    for (const { name } of header.tables.filter(
      ({ name }) => !['fleet', 'fold_position', 'telemetry_event'].includes(name),
    )) {
      const rows = (url: string) => sql(url, `SELECT t.*::text AS row FROM public.${name} t ORDER BY 1`)
      expect([name, await rows(target)]).toEqual([name, await rows(world.databaseUrl)])
    }
    const [fleet] = await sql<{ epoch: number; config_version: number }>(
      target,
      `SELECT epoch, config_version FROM fleet WHERE id = '${world.fleet.fleetId}'`,
    )
    expect(fleet?.epoch).toBe(epochAfter(1, NOW_MS))
    // Devices hold configs of the lost server under the numbers behind the backup's.
    expect(fleet?.config_version).toBe(epochAfter(1, NOW_MS))
    // In numbers that are below those of any PostgreSQL's transactions, on whichever side of the position they were.
    const xids = await sql(
      target,
      'SELECT xid::int, count(*)::int AS n FROM telemetry_event GROUP BY 1 ORDER BY 1',
    )
    expect(xids).toEqual([
      { xid: 0, n: expect.any(Number) },
      { xid: 2, n: expect.any(Number) },
    ])
    expect(await sql(target, 'SELECT DISTINCT xid::int FROM fold_position')).toEqual([{ xid: 1 }])
    await finishRestore(target)
    const storage = await openPostgresStorage({ url: target })
    await foldEvents(testApp(storage).ctx)
    await storage.close()
    await foldEvents(world.app.ctx)
    const folded = `SELECT tier, start, collection, counters::text FROM rollup ORDER BY 1, 2, 3, 4`
    expect(await sql(target, folded)).toEqual(await sql(world.databaseUrl, folded))
  })

  it('gives another epoch each time that it is restored, and at least one that is named', async () => {
    expect(epochAfter(1, NOW_MS)).not.toBe(epochAfter(1, NOW_MS + 1_000))
    expect(epochAfter(900_000_000, NOW_MS)).toBe(900_000_001)
    const target = await newTarget()
    expect(await codeOf(loadBackup(optionsFor(target, { epoch: 1 })))).toBe('epoch_too_low')
    const loaded = await loadBackup(optionsFor(target, { epoch: 77 }))
    expect(loaded.fleets.map(({ epoch }) => epoch)).toEqual([77])
  })
})

describe('a backup that is not whole is refused before anything is written', () => {
  async function refused(
    change: (copy: string) => Promise<void>,
    changes: Partial<RestoreOptions> = {},
  ): Promise<string> {
    const copy = path.join(folder, `${randomUUID()}.backup`)
    await copyFile(file, copy)
    await change(copy)
    const target = await newTarget()
    const code = await codeOf(loadBackup(optionsFor(target, { file: copy, ...changes })))
    expect(await tablesIn(target)).toBe(0)
    return code
  }
  const size = (): number => statSync(file).size

  it('a flipped bit anywhere', async () => {
    const bytes = await readFile(file)
    const places = [
      20,
      40,
      Math.floor(bytes.length / 3),
      Math.floor(bytes.length / 2),
      bytes.length - 200,
      bytes.length - 40,
      bytes.length - 1,
    ]
    for (const at of places) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
      const copy = path.join(folder, 'flipped.backup')
      await writeFile(copy, damaged)
      const read = readBackup(copy, { secret: SECRET, unproven: false })
      await expect(read).rejects.toMatchObject({
        code: expect.stringMatching(/^(damaged|truncated|other_secret)$/),
      })
      // Also where nobody can check who wrote it: all that stands before the end's own frame.
      if (at <= bytes.length / 2) {
        const unproven = readBackup(copy, { secret: 'another one', unproven: true })
        await expect(unproven).rejects.toMatchObject({ code: expect.stringMatching(/^(damaged|truncated)$/) })
      }
    }
    expect(
      await refused(async (copy) => {
        const damaged = Buffer.from(bytes)
        const at = Math.floor(bytes.length / 2)
        damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
        await writeFile(copy, damaged)
      }),
    ).toBe('damaged')
  })

  it('cut off, or with something behind its end', async () => {
    for (const at of [0, 10, 30, Math.floor(size() / 2), size() - 1])
      expect([at, await refused((copy) => truncate(copy, at))]).toEqual([
        at,
        at < 16 ? 'not_a_backup' : 'truncated',
      ])
    expect(await refused((copy) => appendFile(copy, 'x'))).toBe('damaged')
  })

  it('something else, of a newer format, of a newer schema', async () => {
    expect(await refused((copy) => writeFile(copy, randomBytes(4_096)))).toBe('not_a_backup')
    expect(await refused((copy) => rm(copy))).toBe('not_a_backup')
    const written = async (copy: string, changes: Partial<BackupHeader>): Promise<void> => {
      await rm(copy)
      const writer = await BackupWriter.create(copy, SECRET)
      await writer.header({ ...header, ...changes })
      await writer.end({})
    }
    expect(await refused((copy) => written(copy, { format: 2 }))).toBe('newer_format')
    const migrations = [...header.migrations, { name: '99990101000000_later', checksum: 'x' }]
    expect(await refused((copy) => written(copy, { migrations }))).toBe('newer_schema')
    const edited = header.migrations.map((one) => ({ ...one, checksum: 'edited' }))
    expect(await refused((copy) => written(copy, { migrations: edited }))).toBe('newer_schema')
  })

  it('of another secret, unless it is said that nobody can check it', async () => {
    expect(await refused(async () => {}, { secret: 'another one' })).toBe('other_secret')
    const target = await newTarget()
    const loaded = await loadBackup(optionsFor(target, { secret: 'another one', unproven: true }))
    expect(loaded.proven).toBe(false)
  })

  it('with fewer rows than it says: what was loaded goes again', async () => {
    const copy = path.join(folder, `${randomUUID()}.backup`)
    const writer = await BackupWriter.create(copy, SECRET)
    await writer.header(header)
    await writer.end({ fleet: 3 })
    const target = await newTarget()
    expect(await codeOf(loadBackup(optionsFor(target, { file: copy })))).toBe('damaged')
    expect(await sql(target, 'SELECT FROM fleet')).toEqual([])
  })
})

describe('a restore', () => {
  it('overwrites nothing, and waits for whoever is connected to leave', async () => {
    expect(await codeOf(loadBackup(optionsFor(world.databaseUrl)))).toBe('target_in_use')
    const target = await newTarget()
    const other = new pg.Client({ connectionString: target })
    await other.connect()
    expect(await codeOf(loadBackup(optionsFor(target)))).toBe('target_in_use')
    expect(await tablesIn(target)).toBe(0)
    await other.end()
    const loaded = await loadBackup(optionsFor(target))
    await finishRestore(target)
    expect(await codeOf(loadBackup(optionsFor(target)))).toBe('target_not_empty')
    expect(await sql(target, 'SELECT epoch FROM fleet')).toEqual([{ epoch: loaded.fleets[0]?.epoch }])
  })

  it('that was broken off behind the loading keeps servers off, and goes on when it is run again', async () => {
    const target = await newTarget()
    const loaded = await loadBackup(optionsFor(target))
    await expect(migrationState(target, PRISMA_ROOT)).rejects.toMatchObject({ code: 'restore_unfinished' })
    const later = optionsFor(target, { epochAfter: (before) => before + 5 })
    expect(await loadBackup(later)).toEqual(loaded)
    const copy = path.join(folder, `${randomUUID()}.backup`)
    await takeBackup({ directUrl: world.databaseUrl, secret: SECRET, appVersion: '1', file: copy })
    expect(await codeOf(loadBackup({ ...later, file: copy }))).toBe('other_restore')
    await finishRestore(target)
    expect((await migrationState(target, PRISMA_ROOT)).pending).toEqual([])
  })

  it('keeps off a server that migrates nothing, however it is started', async () => {
    const target = await newTarget()
    await loadBackup(optionsFor(target))
    const program = await bundled('tests/contract/backup.worker.ts')
    const started = (): Promise<{ code: number; stderr: string }> =>
      promisify(execFile)(process.execPath, [program], {
        cwd: ROOT,
        env: {
          ...process.env,
          DATABASE_URL: target,
          DATABASE_DIRECT_URL: target,
          TIDEMARK_SECRET: randomUUID(),
        },
      }).then(
        ({ stderr }) => ({ code: 0, stderr }),
        (error: { code: number; stderr: string }) => error,
      )
    const early = await started()
    expect(early.stderr).toContain('A restore was broken off')
    expect(early.code).toBe(3)
    await finishRestore(target)
    expect((await started()).code).toBe(0)
  })

  it('commits nothing when a server came while it loaded', async () => {
    const target = await newTarget()
    const connected = new Int32Array(new SharedArrayBuffer(4))
    const server = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
      const { Client } = require('pg')
      const client = new Client({ connectionString: workerData.target })
      parentPort.on('message', async (word) => {
        if (word === 'go') await client.connect()
        else await client.end().then(() => parentPort.close())
        Atomics.store(workerData.connected, 0, 1)
        Atomics.notify(workerData.connected, 0)
      })`,
      { eval: true, workerData: { target, connected } },
    )
    const epochOnce = (before: number): number => {
      // Asked for the epoch, it has loaded all; it waits here until the other one is connected.
      server.postMessage('go')
      Atomics.wait(connected, 0, 0, 10_000)
      return before + 1
    }
    expect(await codeOf(loadBackup(optionsFor(target, { epochAfter: epochOnce })))).toBe('target_in_use')
    expect(Atomics.load(connected, 0)).toBe(1)
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.postMessage('end')
    await ended
    expect(await sql(target, 'SELECT FROM fleet')).toEqual([])
    expect((await loadBackup(optionsFor(target))).rows['fleet']).toBe(1)
  })

  it('that is killed while it loads leaves an empty database, into which it can be run again', async () => {
    const target = await newTarget()
    // Asked for the epoch, it has loaded all and committed nothing.
    await promisify(execFile)(process.execPath, [await bundled('scripts/migrate.ts')], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: target, DATABASE_DIRECT_URL: target },
    })
    const killed = path.join(folder, 'kill.mts')
    await writeFile(
      killed,
      `import { loadBackup } from '${ROOT}/lib/storage/prisma/backup/restore-backup.ts'
      const options = JSON.parse(process.argv[2])
      await loadBackup({ ...options, epochAfter: () => { process.kill(process.pid, 'SIGKILL'); return 5 } })`,
    )
    const child = spawn(process.execPath, ['--import', 'tsx', killed, JSON.stringify(optionsFor(target))], {
      cwd: ROOT,
    })
    const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)))
    expect(signal).toBe('SIGKILL')
    await expect.poll(() => sql(target, 'SELECT FROM fleet')).toEqual([])
    const loaded = await loadBackup(optionsFor(target))
    expect(loaded.rows['fleet']).toBe(1)
  })

  it('tells of a disk that takes no more, and leaves no file', async () => {
    const out = path.join(folder, 'full', 'tidemark.backup')
    await mkdir(path.dirname(out))
    const environment = {
      DATABASE_URL: world.databaseUrl,
      DATABASE_DIRECT_URL: world.databaseUrl,
      TIDEMARK_SECRET: SECRET,
    }
    // A file of at most 4 KiB: the write fails as on a full disk, wherever the test runs.
    const line = `ulimit -f 4 && exec '${process.execPath}' '${await bundled('scripts/tidemark.ts')}' backup --out '${out}'`
    const failed = await promisify(execFile)('bash', ['-c', line], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
    }).then(
      () => null,
      (error: { code: number; stderr: string }) => error,
    )
    expect(failed?.stderr).toContain('could not be written (EFBIG): nothing is left of it')
    expect(readdirSync(path.dirname(out))).toEqual([])
    // The message, and no stack.
    expect(failed).toMatchObject({ code: 2 })
  })
})

describe('rows over the wire', () => {
  interface Socket {
    readonly bytesRead: number
    listenerCount(name: string): number
  }
  const MEGABYTE = 1024 * 1024
  const within = (use: (client: pg.Client, socket: Socket) => Promise<void>): Promise<void> =>
    withOwner(world.databaseUrl, (client) =>
      use(client, (client as unknown as { connection: { stream: Socket } }).connection.stream),
    )

  it('are read no further when what takes them fails', async () => {
    await within(async (client, socket) => {
      const rows = "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"
      const taking = copyOut(client, `COPY (${rows}) TO STDOUT`, async () => {
        throw new Error('the disk is full')
      })
      await expect(taking).rejects.toThrow('the disk is full')
      expect(socket.bytesRead).toBeLessThan(100 * MEGABYTE)
    })
  })

  it('leave no listener behind with each piece', async () => {
    await within(async (client, socket) => {
      await client.query('CREATE TEMP TABLE copied (text text)')
      const counts: number[] = []
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let piece = 0; piece < 8; piece += 1) {
          counts.push(socket.listenerCount('close') + socket.listenerCount('drain'))
          yield Buffer.alloc(MEGABYTE, `${'x'.repeat(1023)}\n`)
        }
      }
      await copyIn(client, 'COPY copied FROM STDIN', pieces())
      expect(new Set(counts).size).toBe(1)
    })
  })
})

describe('the audit log of a backup', () => {
  const cli = async (url: string, ...line: readonly string[]): Promise<Record<string, unknown>> => {
    const done = await promisify(execFile)(
      process.execPath,
      [await bundled('scripts/tidemark.ts'), ...line, '--json'],
      {
        cwd: ROOT,
        env: { ...process.env, DATABASE_URL: url, DATABASE_DIRECT_URL: url, TIDEMARK_SECRET: SECRET },
      },
    ).catch((error: { stdout: string }) => error)
    return JSON.parse(done.stdout) as Record<string, unknown>
  }

  it('[check 42] has the head that the file names, or the restore says so', async () => {
    const source = await newTarget()
    await applyMigrations(source, PRISMA_ROOT)
    await cli(source, 'fleet', 'create', '--name', 'One')
    const whole = path.join(folder, `${randomUUID()}.backup`)
    // A time that no date has, left there by somebody who took the check away.
    await sql(source, 'ALTER TABLE audit DROP CONSTRAINT audit_at_finite')
    await sql(source, `UPDATE audit SET at = 'infinity'`)
    const taken = await takeBackup({ directUrl: source, secret: SECRET, appVersion: '1', file: whole })
    const [head] = await sql<{ seq: number; mac: string }>(source, 'SELECT seq::int, mac FROM audit_head')
    expect(taken.header.auditHead).toEqual(head)
    await rm(whole)
  })

  it('[check 42] of which the tail is gone is told of by the head in the file', async () => {
    const source = await newTarget()
    await applyMigrations(source, PRISMA_ROOT)
    await cli(source, 'fleet', 'create', '--name', 'One')
    const whole = path.join(folder, `${randomUUID()}.backup`)
    const taken = await takeBackup({ directUrl: source, secret: SECRET, appVersion: '1', file: whole })
    const seq = (taken.header.auditHead?.seq ?? 0) + 1
    expect(seq).toBeGreaterThan(1)
    const cut = path.join(folder, `${randomUUID()}.backup`)
    const writer = await BackupWriter.create(cut, SECRET)
    await writer.header({ ...taken.header, auditHead: { seq, mac: 'f'.repeat(64) } })
    await readBackup(whole, { secret: SECRET, unproven: false }, (table, rows) => writer.rows(table, rows))
    await writer.end(taken.rows)
    expect(await cli(await newTarget(), 'restore', '--from', whole)).toMatchObject({ problems: 'none' })
    const { problems } = await cli(await newTarget(), 'restore', '--from', cut)
    expect(problems).toContain(`a head that was kept elsewhere names entry ${seq}`)
  })
})

describe('a backup of an older version', () => {
  it('is taken and checked by this one before it is upgraded, and stays as it is', async () => {
    const [last = '', before = ''] = header.migrations.map(({ name }) => name).reverse()
    const old = await newTarget()
    const cli = async (...line: readonly string[]): Promise<Record<string, unknown>> => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [await bundled('scripts/tidemark.ts'), ...line, '--json'],
        {
          cwd: ROOT,
          env: { ...process.env, DATABASE_URL: old, DATABASE_DIRECT_URL: old, TIDEMARK_SECRET: SECRET },
        },
      )
      return JSON.parse(stdout) as Record<string, unknown>
    }
    const copy = path.join(folder, `${randomUUID()}.backup`)
    await expect(cli('backup', '--out', copy)).rejects.toMatchObject({
      stderr: expect.stringContaining('no tables of Tidemark'),
    })
    await applyMigrations(old, PRISMA_ROOT, { restore: { until: before } })
    const lacks = 'the database lacks 1 migrations of this version'
    expect(await cli('backup', '--out', copy)).toMatchObject({ file: copy, auditLog: `not noted: ${lacks}` })
    const { header: taken } = await readBackup(copy, { secret: SECRET, unproven: false })
    expect(taken.migrations.at(-1)?.name).toBe(before)
    expect(await cli('restore', 'check')).toMatchObject({
      problems: 'none',
      auditChain: `not checked: ${lacks}`,
    })
    expect((await migrationState(old, PRISMA_ROOT)).pending).toEqual([last])
  })

  it('is loaded as it was, and brought up to this one', async () => {
    const [last, before] = header.migrations.map(({ name }) => name).reverse()
    const old = await newTarget()
    await applyMigrations(old, PRISMA_ROOT, { restore: { until: before ?? '' } })
    await sql(
      old,
      `INSERT INTO fleet (id, name, epoch, config_version, settings, created_at) VALUES ('${randomUUID()}', 'Old', 4, 1, '{}', now())`,
    )
    const copy = path.join(folder, `${randomUUID()}.backup`)
    const taken = await takeBackup({ directUrl: old, secret: SECRET, appVersion: '0', file: copy })
    expect(taken.header.migrations.map(({ name }) => name)).not.toContain(last)
    // One that was migrated further has columns that the file knows nothing of.
    const migrated = await newTarget()
    await applyMigrations(migrated, PRISMA_ROOT)
    expect(await codeOf(loadBackup(optionsFor(migrated, { file: copy })))).toBe('target_newer')
    const target = await newTarget()
    const loaded = await loadBackup(optionsFor(target, { file: copy }))
    const checks = await checkRestored({ directUrl: target, prismaRoot: PRISMA_ROOT }, loaded)
    expect(checks.filter(({ found }) => found > 0)).toEqual([])
    await finishRestore(target)
    expect(await migrationState(target, PRISMA_ROOT)).toMatchObject({ pending: [] })
    expect(await sql(target, 'SELECT name, epoch_before FROM fleet')).toEqual([
      { name: 'Old', epoch_before: 4 },
    ])
  })
})
