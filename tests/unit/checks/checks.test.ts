import { expect, it, vi } from 'vitest'
import { asOne, part } from '../../../scripts/checks/checks.mjs'

/** Uses so many ms of processor time, Node's own start included. */
const busy = (ms: number): string[] => ['-e', `while (process.cpuUsage().user < ${ms * 1_000});`]

it.runIf(process.platform === 'linux')(
  'tells of each part what its own programs took of the processors',
  async () => {
    const told = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    await Promise.all([
      part('short', async (run) => asOne(await run(busy(0)))),
      part('long', async (run) => asOne((await run(busy(400))) + (await run(busy(400))))),
      part('failed', async (run) => asOne(await run(['-e', 'process.exit(3)']))),
    ])
    const lines = told.mock.calls.map(([text]) => String(text))
    told.mockRestore()
    const endOf = (name: string): string => lines.find((text) => text.startsWith(`── ${name}: `)) ?? ''
    const secondsOf = (name: string): number => Number(/([\d.]+) s of processor time$/.exec(endOf(name))?.[1])
    expect(endOf('short')).toContain('1 passed, 0 failed')
    expect(endOf('failed')).toContain('0 passed, 1 failed')
    expect(secondsOf('long')).toBeGreaterThanOrEqual(0.8)
    expect(secondsOf('short')).toBeLessThan(0.6)
  },
)
