import { expect, test } from 'vitest'
import { followed, writesSettled } from '#app/field/pending-writes.ts'
import type { WriteReceipt } from '#lib/client/collection.ts'

test.each(['put', 'patch', 'remove'] as const)(
  'an update of the app waits for a decision that is being written: %s',
  async (verb) => {
    let resolve: (receipt: WriteReceipt) => void = () => undefined
    const promise = new Promise<WriteReceipt>((done) => (resolve = done))
    const write = () => promise
    const collection = followed({ put: write, patch: write, remove: write })
    const written = collection[verb]('an id', {})
    let isSettled = false
    const settled = writesSettled().then(() => (isSettled = true))
    await Promise.resolve()
    expect(isSettled).toBe(false)
    const receipt = { recordId: 'an id', mutationId: 'another' }
    resolve(receipt)
    await settled
    expect(await written).toBe(receipt)
  },
)

test('a decision that could not be written says so to whoever made it, and holds no update up', async () => {
  const full = () => Promise.reject(new Error('no room'))
  const collection = followed({ put: full, patch: full, remove: full })
  const written = collection.put('an id', {})
  await writesSettled()
  await expect(written).rejects.toThrow('no room')
})
