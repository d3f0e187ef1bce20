import { expect, test, vi } from 'vitest'
import { createWorld } from './support/device.ts'

/** As where an app was deployed anew and the old one's files are gone. */
vi.mock('#lib/client/state-report.ts', () => {
  throw new Error('404')
})

test('[SH1] a session is told as it ended where the part that hashes the state cannot be fetched', async () => {
  const { authority, open } = createWorld()
  const replica = await open({ sync: { auto: false, stateToldEveryMs: 0 } })
  for (let i = 0; i < 4; i++) await replica.sync()
  expect(authority.sessions.length).toBeGreaterThan(1)
  expect(authority.sessions.map(({ result }) => result)).not.toContain('abandoned')
  await replica.close()
})
