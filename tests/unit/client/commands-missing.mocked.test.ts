import { expect, test, vi } from 'vitest'
import { COLLECTION } from './support/authority.ts'
import { createWorld } from './support/device.ts'

/** As where an app was deployed anew and the old one's files are gone. */
vi.mock('#lib/client/fork-parts.ts', () => {
  throw new Error('404')
})

test('[CM1] what a command comes with counts where the part that follows it cannot be fetched', async () => {
  const { authority, open } = createWorld()
  const replica = await open({ sync: { auto: false } })
  await replica.sync()
  authority.script.commands = [{ id: '019b8d2b-8c00-7000-8000-000000000001', type: 'resync' }]
  await replica.collection(COLLECTION).put(null, { title: 'x' })
  for (let i = 0; i < 2; i++) expect((await replica.sync()).problem).toBeNull()
  expect(replica.status$.get()).toMatchObject({ pending: 0 })
  await replica.close()
})
