import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import { createBadNetwork } from '../../../scripts/fleet/bad-network.ts'
import { PROFILES } from '../../../scripts/fleet/profiles.ts'

const GOOD = { ...PROFILES.steady, dropRate: 0, lostAnswerRate: 0, duplicateRate: 0, delayMsMax: 0 }
let requests = 0
const server = createServer((_, response) => {
  requests += 1
  response.end('here')
})
let url = ''

beforeEach(async () => {
  requests = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const networkWith = (faults: Partial<typeof GOOD>) =>
  createBadNetwork({ ...GOOD, ...faults }, seededRandom(7))

describe('a simulated network', () => {
  test('lets a request through when it has no faults', async () => {
    expect(await (await networkWith({}).fetch(url)).text()).toBe('here')
    expect(requests).toBe(1)
  })

  test('a dropped request never arrives, a lost answer was for one that did, a duplicate arrives twice', async () => {
    await expect(networkWith({ dropRate: 1 }).fetch(url)).rejects.toThrow('refused')
    expect(requests).toBe(0)
    await expect(networkWith({ lostAnswerRate: 1 }).fetch(url)).rejects.toThrow('lost')
    expect(requests).toBe(1)
    await networkWith({ duplicateRate: 1 }).fetch(url)
    expect(requests).toBe(3)
  })

  test('offline: nothing is sent, and whoever listens is told once', async () => {
    const network = networkWith({})
    const told: boolean[] = []
    const leave = network.subscribe(() => told.push(network.isOnline()))
    network.setOnline(false)
    network.setOnline(false)
    await expect(network.fetch(url)).rejects.toThrow('down')
    leave()
    network.setOnline(true)
    expect([told, requests]).toEqual([[false], 0])
  })
})
