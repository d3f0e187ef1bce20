import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { publishCollection } from '#lib/application/collections/publish-collection.ts'
import type { AppSchemas } from '#lib/client/collection.ts'
import type { Replica } from '#lib/client/replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import type { DeviceHttp } from '#tests/support/device-http.ts'
import { deviceHttp } from '#tests/support/device-http.ts'

const CRDTS = { name: 'boards', strategy: 'crdt', schema: { type: 'object' } }

/** Devices whose store file was copied, over a socket and PostgreSQL. */
describe('CRDTs of a copied device', () => {
  let world: DeviceHttp
  let folder: string
  beforeAll(async () => {
    world = await deviceHttp()
    folder = mkdtempSync(path.join(tmpdir(), 'tidemark-fork-'))
    await createCollection(world.app.ctx, { actor: SYSTEM, fleetId: world.fleet.fleetId, body: CRDTS })
  })
  afterAll(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const open = (
    file: string,
    lose: { answer: boolean } = { answer: false },
    schemas: AppSchemas = {},
  ): Promise<Replica> =>
    world.replica({
      schemas,
      store: openSqliteStore(path.join(folder, file)),
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (!lose.answer || !String(input).endsWith('/push')) return response
        await response.arrayBuffer()
        throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })
      },
    })
  /** As a backup of the disk has it: with what SQLite has not moved into the file yet. */
  const copy = (from: string, to: string): void => {
    for (const part of ['', '-wal'].filter((suffix) => existsSync(path.join(folder, from + suffix))))
      copyFileSync(path.join(folder, from + part), path.join(folder, to + part))
  }
  const untilSent = async (replica: Replica): Promise<void> => {
    for (let n = 0; n < 5 && (await replica.sync()).pending > 0; n++);
    expect(replica.status$.get()).toMatchObject({ pending: 0, refused: 0, problem: null })
    expect([replica.deadLetters$.get(), replica.refusals$.get()]).toEqual([[], []])
  }

  it('[FK3] counts each step once, whichever copy sends it, and an answer that was lost', async () => {
    const name = `${crypto.randomUUID()}.db`
    const lose = { answer: false }
    let one = await open(name, lose)
    await one.sync()
    const { recordId } = await one.collection('boards').put(null, { title: 'x', likes: 4 })
    await untilSent(one)
    const likes = (replica: Replica) => replica.collection('boards').counter(recordId, 'likes')
    const tags = (replica: Replica) => replica.collection('boards').set(recordId, 'tags')
    const body = (replica: Replica) => replica.collection('boards').text(recordId, 'body')
    await likes(one).increment(10)
    await tags(one).add('sent')
    await body(one).insert(0, 'hello')
    lose.answer = true
    await one.sync()
    lose.answer = false
    expect(one.status$.get().pending).toBe(1)
    await likes(one).increment(20)
    await tags(one).add('waits')
    await one.close()
    copy(name, `twin-${name}`)

    one = await open(name)
    const two = await open(`twin-${name}`)
    await likes(one).increment(100)
    await tags(one).remove('sent')
    await likes(two).decrement(1_000)
    await tags(two).remove('waits')
    await tags(two).add('of the twin')
    await body(two).insert(5, ' twin')
    expect(await likes(two).value()).toBe(4 + 10 + 20 - 1_000)
    await untilSent(one)
    expect(await two.sync()).toMatchObject({ problem: 'device_forked' })
    expect(two.deviceId).not.toBe(one.deviceId)
    await likes(two).increment(3)
    await untilSent(two)
    await likes(two).increment(1)
    await untilSent(two)
    await one.sync()
    const data = {
      title: 'x',
      likes: 4 + 10 + 20 + 100 - 1_000 + 3 + 1,
      tags: ['of the twin'],
      body: 'hello twin',
    }
    for (const replica of [one, two])
      expect((await replica.collection('boards').get(recordId))?.data).toEqual(data)
    await one.close()
    await two.close()
  })

  it('[FK3] work under two schema versions moves to the new id in the places that both name', async () => {
    const { ctx } = world.app
    const { fleetId } = world.fleet
    const body = { ...CRDTS, name: 'moved' }
    const { id } = await createCollection(ctx, { actor: SYSTEM, fleetId, body })
    const name = `${crypto.randomUUID()}.db`
    const at = (version: number): AppSchemas => ({ moved: { version } })
    let one = await open(name, undefined, at(1))
    await one.sync()
    const { recordId } = await one.collection('moved').put(null, { z: 0 })
    await one.collection('moved').counter(recordId, 'n').increment(4)
    await one.collection('moved').set(recordId, 'tags').add('kept')
    await one.collection('moved').text(recordId, 'body').insert(0, 'hello')
    await untilSent(one)
    const upMigrations = [
      {
        from: 1,
        to: 2,
        ops: ['n', 'tags', 'body'].map((field) => ({ op: 'rename', path: `/${field}`, to: `/in/${field}` })),
      },
    ]
    const changes = { schema: { type: 'object', title: 'moved' }, upMigrations, version: 1 }
    await publishCollection(ctx, { actor: SYSTEM, fleetId, id, body: changes })

    // The second session knows what the first was told of.
    await untilSent(one)
    await untilSent(one)
    await one.close()
    copy(name, `twin-${name}`)

    one = await open(name, undefined, at(2))
    await one.collection('moved').put(null, { z: 1 })
    await untilSent(one)
    let two = await open(`twin-${name}`, undefined, at(1))
    await two.collection('moved').counter(recordId, 'n').increment(10)
    await two.collection('moved').set(recordId, 'tags').add('of the old app')
    await two.collection('moved').set(recordId, 'tags').add('removed')
    await two.collection('moved').text(recordId, 'body').insert(5, ', old')
    await two.close()
    two = await open(`twin-${name}`, undefined, at(2))
    await two.collection('moved').counter(recordId, '/in/n').increment(20)
    await two.collection('moved').set(recordId, '/in/tags').remove('removed')
    expect(await two.sync()).toMatchObject({ problem: 'device_forked' })
    await two.collection('moved').counter(recordId, '/in/n').increment()
    await untilSent(two)
    await one.sync()
    for (const replica of [one, two]) {
      expect((await replica.collection('moved').get(recordId))?.data).toEqual({
        z: 0,
        in: { n: 35, tags: ['kept', 'of the old app'], body: 'hello, old' },
      })
      await replica.close()
    }
  })
})
