import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { SYSTEM } from '#lib/application/access/audit-entry.ts'
import type { Scope } from '#lib/application/breakers/scopes.ts'
import { createCollection } from '#lib/application/collections/create-collection.ts'
import { createNodeListener } from '#lib/http/node-listener.ts'
import type { Storage } from '#lib/storage/ports.ts'
import { StorageContention, StorageUnavailable } from '#lib/storage/ports.ts'
import type { TestApp } from './device-world.ts'
import { NOTES_SCHEMA, TestDevice, testApp, testFleet } from './device-world.ts'
import { listen } from './listen.ts'

/** A process under `node:http` whose clock a test moves on. */
export interface BreakerWorld {
  readonly app: TestApp
  readonly device: TestDevice
  readonly fleetId: string
  readonly base: string
  readonly port: number
  /** Time passes for this process alone. */
  wait(ms: number): void
  stateOf(scope: Scope): string
  push(collections: readonly string[], changes?: { atomic?: boolean }): Promise<Response>
  get(path: string): Promise<Response>
  /** Sends the head of a push and no more than `body` of the 1,000 bytes that it announces. */
  begin(body?: string): Promise<{ readonly socket: Socket; readonly answer: Promise<string> }>
  close(): Promise<void>
}

/** A fleet with the collections `notes` and `jobs`, and one device. */
export async function openBreakerWorld(storage: Storage): Promise<BreakerWorld> {
  let aheadMs = 0
  const app = testApp(storage, () => undefined, { now: () => Date.now() + aheadMs })
  const fleet = await testFleet(app)
  const { fleetId } = fleet
  const jobs = { name: 'jobs', strategy: 'lww', schema: NOTES_SCHEMA }
  await createCollection(app.ctx, { actor: SYSTEM, fleetId, body: jobs })
  const device = await TestDevice.enroll(app, fleet)
  const listener = createNodeListener(app.router)
  const { port, url, close } = await listen((incoming, outgoing) => void listener(incoming, outgoing))
  const headers = {
    authorization: `Bearer ${device.token}`,
    'tidemark-app': '1.2.0;ios',
    'content-type': 'application/json',
  }
  await device.pushed(['notes', 'jobs'].map((collection) => device.mutation({ collection })))
  return {
    app,
    device,
    fleetId,
    base: url,
    port,
    wait: (ms) => void (aheadMs += ms),
    stateOf: (scope) => app.ctx.breakers.list((one) => one === scope)[0]?.state ?? 'closed',
    push: (collections, changes = {}) => {
      const mutations = collections.map((collection) => device.mutation({ collection }))
      const body = JSON.stringify(device.pushBody(mutations, changes))
      return fetch(`${url}/api/v1/push`, { method: 'POST', headers, body })
    },
    get: (path) => fetch(url + path, { headers }),
    begin: (body = '') => beginPush(port, device.token, body),
    close,
  }
}

async function beginPush(port: number, token: string, body: string) {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
  const lines = [
    'POST /api/v1/push HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Content-Length: 1000',
    '',
    body,
  ]
  await new Promise<void>((resolve) => socket.write(lines.join('\r\n'), () => resolve()))
  return { socket, answer }
}

/** What goes wrong at a storage while it is set. */
export interface Sickness {
  /** Every method of it. */
  all: boolean
  /** The streams that cannot be locked in time. */
  stuck: ReadonlySet<string>
  /** Calls that reached the storage. */
  calls: number
}

/** A storage that falls ill and gets well on demand. */
export function sickStorage(inner: Storage): { readonly storage: Storage; readonly sickness: Sickness } {
  const sickness: Sickness = { all: false, stuck: new Set(), calls: 0 }
  const meet = (): void => {
    sickness.calls += 1
    if (sickness.all) throw new StorageUnavailable('no connection')
  }
  const port = <P extends object>(methods: P): P =>
    new Proxy(methods, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return async (...given: unknown[]) => {
          meet()
          return (method as (...all: unknown[]) => unknown).apply(target, given)
        }
      },
    })
  const sync = port(inner.sync)
  const transact: Storage['sync']['transact'] = (fleetId, work) =>
    sync.transact(fleetId, (tx) =>
      work({
        load: async (plan) => {
          const collection = plan.streams.find((name) => sickness.stuck.has(name))
          if (collection !== undefined)
            throw new StorageContention('lock timeout', { lockTimeout: { collection } })
          return tx.load(plan)
        },
        write: (writes) => tx.write(writes),
        writeLast: (writes) => tx.writeLast(writes),
      }),
    )
  const storage: Storage = {
    ...inner,
    fleets: port(inner.fleets),
    collections: port(inner.collections),
    devices: port(inner.devices),
    sync: { ...sync, transact },
  }
  return { storage, sickness }
}

/** Asks `once` until the scope is in the state, at most `triesMax` times. */
export async function until(
  world: BreakerWorld,
  scope: Scope,
  state: string,
  once: () => Promise<unknown>,
  triesMax = 60,
): Promise<void> {
  for (let tries = 0; tries < triesMax && world.stateOf(scope) !== state; tries++) await once()
  if (world.stateOf(scope) !== state) throw new Error(`${scope} is ${world.stateOf(scope)}, not ${state}`)
}
