import { randomUUID } from 'node:crypto'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import { HttpClient, inParallel, textOf } from './http-client.ts'
import type { PushingDevice } from './push/push-bodies.ts'

const ENROLL_CONCURRENCY = 8

/** The first order to each load generator. */
export interface EnrollOrder {
  readonly kind: 'enroll'
  readonly url: string
  readonly enrollmentKey: string
  readonly devices: number
}

/** Enrolls so many devices. */
export async function enrollDevices(order: EnrollOrder): Promise<readonly PushingDevice[]> {
  const { url, enrollmentKey } = order
  const client = new HttpClient(url)
  const numbers = Array.from({ length: order.devices }, (_, i) => i)
  const devices = await inParallel(numbers, ENROLL_CONCURRENCY, async (number) => {
    const device = { name: `bench ${number}`, platform: 'linux', appVersion: '1.0.0' }
    const body = JSON.stringify({ requestId: randomUUID(), device })
    const answer = await client.send({ method: 'POST', path: '/api/v1/enroll', bearer: enrollmentKey, body })
    const { deviceId, token, epoch } = JSON.parse(textOf(answer, 201)) as EnrollResponse
    return { id: deviceId, token, epoch, seq: 0 }
  })
  client.close()
  return devices
}
