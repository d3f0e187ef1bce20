/** Devices that hold a stream of events each: a process of its own, told by its parent what to do. */
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { get } from 'node:http'
import type { EnrollOrder } from '../enroll.ts'
import { enrollDevices } from '../enroll.ts'
import { inParallel } from '../http-client.ts'
import { takeOrders } from '../orders.ts'
import type { PushingDevice } from '../push/push-bodies.ts'

export type Order =
  | EnrollOrder
  /** So many open streams, each of which has heard something when this is answered. */
  | { readonly kind: 'open'; readonly url: string; readonly devices: number }
  | { readonly kind: 'close' }

const OPENED_AT_ONCE = 16
let devices: readonly PushingDevice[] = []
let open: readonly ClientRequest[] = []

takeOrders(async (order: Order): Promise<object> => {
  switch (order.kind) {
    case 'enroll':
      devices = await enrollDevices(order)
      return { enrolled: devices.length }
    case 'open':
      open = await inParallel(devices.slice(0, order.devices), OPENED_AT_ONCE, (device) =>
        follow(order.url, device),
      )
      return { open: open.length }
    case 'close':
      for (const request of open) request.destroy()
      open = []
      return {}
  }
})

/** A connection of its own, as devices have. */
async function follow(url: string, { token }: PushingDevice): Promise<ClientRequest> {
  const headers = { authorization: `Bearer ${token}`, 'tidemark-app': '1.0.0;linux' }
  const request = get(`${url}/api/v1/events`, { agent: false, headers })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`a stream was answered ${response.statusCode}`)
  // Ended on purpose, later.
  request.on('error', () => undefined)
  response.on('error', () => undefined)
  await once(response, 'data')
  return request
}
