import { randomUUID } from 'node:crypto'
import type { EnrollResponse } from '#lib/protocol/device.ts'
import { HttpClient, inParallel, textOf } from './http-client.ts'
import type { PushingDevice } from './push/push-bodies.ts'

const ENROLL_CONCURRENCY = 8

/** Enrolls so many devices. */
export async function enrollDevices(
  url: string,
  enrollmentKey: string,
  count: number,
): Promise<readonly PushingDevice[]> {
  const client = new HttpClient(url)
  const numbers = Array.from({ length: count }, (_, i) => i)
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
