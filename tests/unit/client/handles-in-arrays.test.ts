import { expect, test } from 'vitest'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

test.each(['ot', 'crdt'])(
  '[CS5] under %s a handle at a path inside an array reads what stands there',
  async (strategy) => {
    const { authority, open } = createWorld()
    const rules = { ...authority.config.collections[0], strategy, schema: true }
    authority.config = { ...authority.config, collections: [rules] } as unknown as typeof authority.config
    const replica = await open()
    await replica.sync()
    const reports = replica.collection(COLLECTION)
    const { recordId } = await reports.put(null, { items: [{ body: 'hello', n: 1 }], body: 'out' })
    await replica.sync()
    const body = reports.text(recordId, '/items/0/body')

    expect(await body.value()).toBe('hello')
    expect(await reports.json(recordId, '/items/0').value()).toEqual({ body: 'hello', n: 1 })
    expect(await reports.counter(recordId, '/items/0/n').value()).toBe(1)
    expect(await reports.text(recordId, '/items/1/body').value()).toBe('')
    if (strategy === 'ot') {
      await body.insert(5, ' world')
      expect(await body.follow('hello', [3])).toEqual({ value: 'hello world', positions: [3] })
      expect((await reports.get(recordId))?.data).toMatchObject({ items: [{ body: 'hello world' }] })
    }
    await replica.close()
  },
)
