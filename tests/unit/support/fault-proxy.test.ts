import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { seededRandom } from '#lib/kernel/random.ts'
import type { Fault, FaultProxy } from '#tests/support/fault-proxy.ts'
import { FAULT_KINDS, drawFault, startFaultProxy } from '#tests/support/fault-proxy.ts'

const BODY = 'x'.repeat(20_000)
/** Long for a busy machine to answer in; only what is silent waits for it. */
const SHORT_MS = 1_000

describe('the fault proxy', () => {
  let arrived: string[]
  let proxy: FaultProxy
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', () => undefined)
    incoming.on('end', () => {
      arrived.push(Buffer.concat(chunks).toString())
      outgoing.end(BODY)
    })
  })
  beforeEach(async () => {
    arrived = []
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    proxy = await startFaultProxy({ port, seed: 7, share: 1, kinds: FAULT_KINDS })
  })
  afterEach(async () => {
    await proxy.close()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  /** One request over a connection of its own: what comes back, or the code of what went wrong. */
  const ask = (timeoutMs = 5_000, body = BODY): Promise<string> =>
    new Promise((resolve) => {
      const asked = request({ port: proxy.port, method: 'POST', agent: false }, (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () => resolve(text))
        answer.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      })
      // Once it is connected: a busy machine may take longer than that to connect, and no fault would befall it.
      asked.on('socket', (socket) => {
        const end = () => asked.destroy(Object.assign(new Error('silent'), { code: 'silent' }))
        socket.once('connect', () => socket.setTimeout(timeoutMs, end))
      })
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      asked.end(body)
    })
  /** A request whose connection meets this fault from its beginning. */
  async function askUnder(fault: Fault, timeoutMs?: number): Promise<string> {
    await proxy.close()
    const { port } = server.address() as AddressInfo
    proxy = await startFaultProxy({ port, seed: 7, share: 1, kinds: [fault.kind] })
    proxy.begin(() => fault)
    return ask(timeoutMs)
  }

  it('passes everything on until it begins, and again once it is healed', async () => {
    expect(await ask()).toBe(BODY)
    proxy.begin()
    const met = await Promise.all(Array.from({ length: 20 }, () => ask(SHORT_MS)))
    expect(new Set(met).size).toBeGreaterThan(2)
    const befallen = () => [...proxy.befallen.values()].reduce((sum, count) => sum + count, 0)
    await vi.waitFor(() => expect(befallen()).toBe(20))
    proxy.heal()
    expect(await ask()).toBe(BODY)
    expect(befallen()).toBe(20)
  })

  it('draws the same faults from the same seed, of every kind', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed)
      return Array.from({ length: 200 }, () => drawFault(random, { share: 0.5, kinds: FAULT_KINDS }))
    }
    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
    const faults = draw(3).filter((fault) => fault !== null)
    expect(faults.length).toBeGreaterThan(70)
    expect(faults.length).toBeLessThan(130)
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
  })

  it('cuts a request in its middle: it never arrives whole', async () => {
    expect(await askUnder({ kind: 'cut_request', afterBytes: 9_000 })).toMatch(/ECONNRESET|EPIPE|hang up/)
    expect(arrived).toEqual([])
  })

  it('cuts an answer in its middle: the request has arrived, and its sender can’t know', async () => {
    expect(await askUnder({ kind: 'cut_answer', afterBytes: 9_000 })).toMatch(/ECONNRESET|aborted/)
    expect(arrived).toEqual([BODY])
  })

  it('resets', async () => {
    expect(await askUnder({ kind: 'reset', afterBytes: 9_000 })).toMatch(/ECONNRESET|EPIPE/)
    expect(arrived).toEqual([])
  })

  it('is half open: the request arrives and nobody answers', async () => {
    expect(await askUnder({ kind: 'half_open' }, SHORT_MS)).toBe('silent')
    expect(arrived).toEqual([BODY])
  })

  it('swallows: nothing arrives and nobody answers', async () => {
    expect(await askUnder({ kind: 'swallow' }, SHORT_MS)).toBe('silent')
    expect(arrived).toEqual([])
  })

  it('sends twice, and one answer comes back', async () => {
    expect(await askUnder({ kind: 'duplicate' })).toBe(BODY)
    await expect.poll(() => arrived).toEqual([BODY, BODY])
  })

  it.each([
    { kind: 'delay', ms: 100 },
    { kind: 'trickle', bytes: 1_000, everyMs: 2 },
  ] as const)('is slow and loses nothing: $kind', async (fault) => {
    const startedMs = performance.now()
    expect(await askUnder(fault)).toBe(BODY)
    expect(performance.now() - startedMs).toBeGreaterThan(40)
    expect(arrived).toEqual([BODY])
  })
})
