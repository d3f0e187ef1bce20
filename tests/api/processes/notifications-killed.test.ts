import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createChannel } from '#lib/application/notifications/create-channel.ts'
import type { Notice, Storage } from '#lib/storage/ports.ts'
import { openPostgresStorage } from '#lib/storage/prisma/open-postgres-storage.ts'
import { bundled } from '#tests/support/bundled.ts'
import { createTestDatabase, type TestDatabase } from '#tests/support/database.ts'
import { testApp, type TestApp } from '#tests/support/device-world.ts'
import { noticeOf, resolvedOf } from '#tests/support/notify-world.ts'
import { startReceiver } from '#tests/support/receiver.ts'
import { startChild, type Child } from '../../../bench/child.ts'

type Worker = Child<{ readonly pid: number }>

const WITHIN_MS = 20_000

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + WITHIN_MS
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error(`not within ${WITHIN_MS} ms: ${what}`)
    await pause(25)
  }
}

describe('kill -9 of the processes that notify', () => {
  let database: TestDatabase
  let storage: Storage
  let app: TestApp
  let worker: URL
  beforeAll(async () => {
    database = await createTestDatabase()
    storage = await openPostgresStorage({ url: database.url })
    app = testApp(storage)
    worker = pathToFileURL(await bundled('tests/api/processes/notification-worker.ts'))
  })
  afterAll(async () => {
    await storage.close()
    await database.drop()
  })

  async function startWorker(): Promise<Worker> {
    const child: Worker = await startChild(worker, { env: { DATABASE_URL: database.url } })
    onTestFinished(async () => {
      if (child.process.exitCode === null && child.process.signalCode === null) await child.kill()
    })
    return child
  }
  const channel = (kind: string, settings: object) =>
    createChannel(app.ctx, { actor: SYSTEM, body: { name: kind, kind, settings } })
  const put = (...notices: readonly Notice[]) => storage.notifications.put(notices)

  it('[NO9] nothing is lost, nothing stays firing, each key stays: killed in the middle of a try, and between', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    await channel('pagerduty', { routingKey: 'R', url: receiver.url })
    const events = () =>
      receiver.received.map(({ body }) => body as { event_action: string; dedup_key: string })
    // Killed while it waits for the answer; two take it up, and one of them sends.
    receiver.reply = () => null
    const first = await startWorker()
    const notice = noticeOf()
    await put(notice)
    await until('the first try', () => receiver.received.length === 1)
    await first.kill()
    receiver.reply = () => ({ status: 202 })
    const two = await Promise.all([startWorker(), startWorker()])
    await until('the second try', () => receiver.received.length >= 2)
    // Killed between firing and resolving.
    await Promise.all(two.map((one) => one.kill()))
    await put(resolvedOf(notice))
    await startWorker()
    await until('the end', () => events().some(({ event_action }) => event_action === 'resolve'))
    await pause(500)
    expect(events().map(({ event_action }) => event_action)).toEqual(['trigger', 'trigger', 'resolve'])
    expect(new Set(events().map(({ dedup_key }) => dedup_key)).size).toBe(1)
  })

  it('[NO13] a real Alertmanager, where it is installed: told, ended by itself after kill -9, told again, resolved', async () => {
    const alertmanager = await startAlertmanager()
    if (alertmanager === null) return
    onTestFinished(() => alertmanager.stop())
    await channel('alertmanager', { url: alertmanager.url })
    const notice = noticeOf({
      startsAtMs: Date.now(),
      atMs: Date.now(),
      labels: { collection: 'réports', 'odd-name': 'x' },
    })
    const firing = async (): Promise<number> => {
      const answer = await fetch(
        `${alertmanager.url}/api/v2/alerts?active=true&filter=incident_id="${notice.incidentId}"`,
      )
      return ((await answer.json()) as unknown[]).length
    }
    const first = await startWorker()
    await put(notice)
    await until('it fires there', async () => (await firing()) === 1)
    // Longer than four repeats: it is told again and again.
    await pause(1_500)
    expect(await firing()).toBe(1)
    await first.kill()
    await until('it ended there', async () => (await firing()) === 0)
    await startWorker()
    await until('it fires again', async () => (await firing()) === 1)
    const endMs = Date.now()
    await put(resolvedOf(notice, { atMs: endMs, endsAtMs: endMs }))
    await until('it is resolved', async () => (await firing()) === 0)
    await pause(600)
    expect(await firing()).toBe(0)
  })
})

interface Alertmanager {
  readonly url: string
  stop(): Promise<void>
}

/** Debian's, on loopback, alone; null where it is not installed. */
async function startAlertmanager(): Promise<Alertmanager | null> {
  const program = ['prometheus-alertmanager', 'alertmanager'].find(
    (name) => spawnSync(name, ['--version']).error === undefined,
  )
  if (program === undefined) return null
  const folder = mkdtempSync(path.join(tmpdir(), 'tidemark-alertmanager-'))
  const config = path.join(folder, 'alertmanager.yml')
  writeFileSync(config, 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n')
  const port = await freePort()
  const args = [
    `--config.file=${config}`,
    `--storage.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const isUp = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  try {
    await until('Alertmanager is up', isUp)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
