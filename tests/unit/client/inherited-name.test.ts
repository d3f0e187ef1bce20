import { expect, test } from 'vitest'
import { boardWorld } from '#tests/support/board-world.ts'

test('[CS8] [SM6] a collection with the name of what every object inherits is one like any other', async () => {
  const { open, syncInTurn } = await boardWorld({ strategy: 'lww', name: 'constructor' })
  const one = await open()
  const { recordId } = await one.collection('constructor').put(null, { a: 1 })
  await syncInTurn(one)
  const other = await open()
  await syncInTurn(other, one, other)
  for (const replica of [one, other]) {
    expect((await replica.collection('constructor').get(recordId))?.data).toEqual({ a: 1 })
    expect(replica.status$.get()).toMatchObject({ state: 'idle', pending: 0, problem: null })
    await replica.close()
  }
})
