import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { currentInstance, takeInstance } from '#lib/storage/prisma/embedded/instance.ts'
import { processExists, processesIn, startMark } from '#lib/storage/prisma/embedded/processes.ts'
import { resolveDatabase } from '#lib/storage/prisma/embedded/resolve-database.ts'
import { bundled } from '#tests/support/bundled.ts'
import { scratchFolder } from '#tests/support/scratch.ts'

interface Holder {
  child: ChildProcess
  databaseUrl: string
  /** Of PostgreSQL. */
  pid: number
}

const GONE_WITHIN_MS = 10_000
let dataDir: string
let holders: Holder[]

beforeEach(async () => {
  dataDir = await scratchFolder('tidemark-embedded-')
  holders = []
})

afterEach(async () => {
  for (const { child } of holders) child.kill('SIGKILL')
  for (const { pid } of holders) await gone(pid)
  await rm(dataDir, { recursive: true, force: true })
})

describe('embedded PostgreSQL', () => {
  it('keeps committed rows and its password over a kill -9 of its owner, and ends with it', async () => {
    const first = await hold()
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    first.child.kill('SIGKILL')
    await gone(first.pid)
    const second = await hold()
    expect(await query(second.databaseUrl, 'SELECT n FROM kept')).toEqual([{ n: 7 }])
    expect(new URL(second.databaseUrl).password).toBe(new URL(first.databaseUrl).password)
  })

  it('comes back on the same address when PostgreSQL itself is killed', async () => {
    const { databaseUrl, pid } = await hold()
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 7 AS n')
    process.kill(pid, 'SIGKILL')
    expect(await eventually(() => query(databaseUrl, 'SELECT n FROM kept'))).toEqual([{ n: 7 }])
    const [successor] = processesIn(cluster(), null)
    expect(successor).not.toBe(pid)
    await stop()
    expect(processesIn(cluster(), null)).toEqual([])
  })

  it('takes over from a PostgreSQL whose owner and guard were both killed', async () => {
    const first = await hold()
    process.kill(guardOf(first.pid), 'SIGKILL')
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const second = await hold()
    expect(await query(second.databaseUrl, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
    expect(second.pid).not.toBe(first.pid)
  })

  it('refuses a second owner, naming the first', async () => {
    const { child } = await hold()
    expect(() => takeInstance(dataDir)).toThrow(
      `Another Tidemark uses this data dir (pid ${child.pid}). Stop it, or set TIDEMARK_DATA_DIR.`,
    )
  })

  it('stops on SIGTERM and leaves no owner, no process and no lock', async () => {
    const { pid } = await hold()
    await stop()
    expect(currentInstance(dataDir)).toBeNull()
    expect(processExists(pid)).toBe(false)
  })

  it('keeps its secrets to the owner, and logs in as a role that row-level security binds', async () => {
    const { databaseUrl } = await hold()
    for (const name of ['secrets.json', 'instance.json']) {
      expect(statSync(path.join(dataDir, name)).mode & 0o777).toBe(0o600)
    }
    const [role] = await query(
      databaseUrl,
      'SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user',
    )
    expect(role).toEqual({ rolsuper: false, rolbypassrls: false })
    const wrong = new URL(databaseUrl)
    wrong.password = 'wrong'
    await expect(query(wrong.toString(), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('is found by a command beside it, and started by a command alone', async () => {
    const environment = { TIDEMARK_DATA_DIR: dataDir }
    const { databaseUrl } = await hold()
    const beside = await resolveDatabase('/', environment)
    expect(beside.databaseUrl).toBe(databaseUrl)
    await beside.release()
    await stop()
    const alone = await resolveDatabase('/', environment)
    expect(await query(alone.databaseUrl, 'SELECT 1 AS n')).toEqual([{ n: 1 }])
    expect(alone.secret).toBe(beside.secret)
    await alone.release()
    expect(currentInstance(dataDir)).toBeNull()
  })
})

describe('the owner of a data directory', () => {
  it('may be replaced once it is dead, also when its process id lives on in another program', () => {
    const first = takeInstance(dataDir)
    first.release()
    const second = takeInstance(dataDir)
    expect(currentInstance(dataDir)).toMatchObject({ pid: process.pid, startMark: startMark(process.pid) })
    second.release()
    expect(startMark(process.pid)).not.toBe(startMark(process.ppid))
  })
})

async function hold(): Promise<Holder> {
  const child = spawn(process.execPath, [await bundled('tests/support/embedded-holder.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
  const holder = { child, ...(JSON.parse(String(line)) as { databaseUrl: string; pid: number }) }
  holders.push(holder)
  return holder
}

async function stop(): Promise<void> {
  const last = holders.at(-1)
  if (!last) throw new Error('nothing to stop')
  last.child.kill('SIGTERM')
  await once(last.child, 'exit')
}

async function query(databaseUrl: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    try {
      return await attempt()
    } catch (error) {
      if (waitedMs > GONE_WITHIN_MS) throw error
      await pause(50)
    }
  }
}

async function gone(pid: number): Promise<void> {
  await eventually(async () => {
    if (processesIn(cluster(), pid).length > 0) throw new Error(`PostgreSQL ${pid} still runs`)
  })
}

function cluster(): string {
  return path.join(dataDir, 'postgres')
}

function guardOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
