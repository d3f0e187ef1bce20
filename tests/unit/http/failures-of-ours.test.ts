import { expect, it } from 'vitest'
import { openMemoryStorage } from '#lib/storage/memory/open-memory-storage.ts'
import { StorageContention } from '#lib/storage/ports.ts'
import { storageError } from '#lib/storage/prisma/storage-errors.ts'
import { TestDevice, testApp, testFleet } from '#tests/support/device-world.ts'

it('a failure before we know who asks counts for the fleet that the token names, once we have met it', async () => {
  const inner = openMemoryStorage()
  let broken = false
  const findByToken: typeof inner.devices.findByToken = async (...asked) => {
    if (broken) throw new Error('on our side')
    return inner.devices.findByToken(...asked)
  }
  const app = testApp({ ...inner, devices: { ...inner.devices, findByToken } }, () => undefined)
  const device = await TestDevice.enroll(app, await testFleet(app))
  await device.pulled()
  const counted: [string, string][] = []
  app.ctx.requests.count = (fleetId, { statusClass }) => void counted.push([fleetId, statusClass])
  app.ctx.directory.forget()
  broken = true
  expect((await device.send('GET', '/api/v1/pull')).status).toBe(500)
  // Forgotten with the devices: nobody's, but told.
  expect(counted).toEqual([])
  expect((await app.ctx.metrics.render()).body).toContain(
    'tidemark_unauthenticated_requests_total{status_class="5xx"} 1',
  )
  await app.ctx.directory.fleet(device.fleetId)
  expect((await device.send('GET', '/api/v1/pull')).status).toBe(500)
  expect(counted).toEqual([[device.fleetId, '5xx']])
})

it.each(['P2024', 'P2028'])(
  '%s of Prisma, a pool that is busy, is a database that can be asked again',
  (code) => {
    const busy = Object.assign(new Error('Unable to start a transaction in the given time.'), { code })
    expect(storageError(busy)).toMatchObject({ code: 'storage_unavailable', cause: busy })
  },
)

it('a row whose partition was made between plan and write is tried again; a rule of ours that it breaks is not', () => {
  const failure = (message: string): Error => Object.assign(new Error(message), { code: '23514' })
  const late = failure('new row for relation "telemetry_event_default" violates partition constraint')
  expect(storageError(late)).toBeInstanceOf(StorageContention)
  const broken = failure('new row for relation "device" violates check constraint "device_name_check"')
  expect(storageError(broken)).toBe(broken)
})

it('[ID1] a mutation id that another process has taken is tried again, as pg and as Prisma tell it; another name that is taken is not', () => {
  const message = 'duplicate key value violates unique constraint'
  const byPg = (constraint: string): Error => Object.assign(new Error(message), { code: '23505', constraint })
  const byPrisma = (index: string): Error =>
    Object.assign(new Error('Unique constraint failed'), {
      code: 'P2002',
      meta: {
        driverAdapterError: Object.assign(new Error('UniqueConstraintViolation'), {
          cause: { kind: 'UniqueConstraintViolation', originalCode: '23505', constraint: { index } },
        }),
      },
    })
  for (const failure of [byPg, byPrisma]) {
    expect(storageError(failure('change_log_pkey'))).toBeInstanceOf(StorageContention)
    const other = failure('fleet_name_key')
    expect(storageError(other)).toBe(other)
  }
})
