import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test, vi } from 'vitest'
import { ReplicaError } from '#lib/client/errors.ts'
import { createMemoryDisk, openMemoryStore } from '#lib/client/memory-store.ts'
import { createTightStore } from '#lib/client/tight-store.ts'
import { crdtParts } from '#lib/client/on-demand.ts'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

/** As where a page is offline and has not fetched these before. */
for (const part of ['crdt-handles', 'crdt-parts', 'diagnostics', 'exchange', 'recover'])
  vi.doMock(`#lib/client/${part}.ts`, () => {
    throw new Error('404')
  })

test('[SDK6] a call whose part of the SDK cannot be fetched is told so with a code, and leaves nothing', async () => {
  const { open } = createWorld()
  const replica = await open()
  const reports = replica.collection(COLLECTION)
  const { recordId: id } = await reports.put(null, { title: 'x' }, { validate: false })
  const calls: Record<string, () => Promise<unknown>> = {
    counter: () => reports.counter(id, 'likes').increment(),
    text: () => reports.text(id, 'body').value(),
    exportCrdt: () => reports.exportCrdt(id),
    mergeCrdt: () => reports.mergeCrdt({}),
    diagnostics: () => replica.diagnostics(),
  }
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await call().catch((thrown: unknown) => thrown)
    expect(error, name).toBeInstanceOf(ReplicaError)
    expect(error, name).toMatchObject({ code: 'not_loaded' })
    expect(String(error), name).toContain('cache all of it, or be online once')
  }
  expect(replica.status$.get().pending).toBe(1)
  await replica.close()
})

test('[SDK3][SDK6] where a transaction ended by a full store the caller hears that, though a part is missing too', async () => {
  const inner = openMemoryStore(createMemoryDisk())
  let isFull = false
  const store = createTightStore({
    ...inner,
    transact: (work) =>
      inner.transact(work).catch((error: unknown) => {
        throw isFull ? new ReplicaError('quota_exceeded') : error
      }),
  })
  const write = () => store.transactDurably(async () => crdtParts())
  await expect(write()).rejects.toMatchObject({ code: 'not_loaded' })
  isFull = true
  await expect(write()).rejects.toMatchObject({ code: 'quota_exceeded' })
  await store.close()
})

test('[SDK6] there is one way to a part that is fetched later', () => {
  const folder = path.resolve(import.meta.dirname, '../../../lib/client')
  const ways = /(?:fetched\(|(?:onDemand|notLoaded)\(async \(\) => (?:\{\s+\w+ = )?\(await )$/
  const others = readdirSync(folder).flatMap((file) => {
    const text = readFileSync(path.join(folder, file), 'utf8')
    return [...text.matchAll(/\bimport\('/g)]
      .filter(({ index }) => !ways.test(text.slice(0, index)))
      .map(({ index }) => `${file}: ${text.slice(index, index + 40)}`)
  })
  expect(others).toEqual([])
})
