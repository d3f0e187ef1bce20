import { createLoader, createParser } from 'nuqs/server'
import { parseDeviceCursor } from '#lib/application/devices/device-cursor.ts'
import { DEVICE_SORTS } from '#lib/query/device-fields.ts'
import { LIST, oneOf } from '../search-params.ts'

/** Where a page of devices begins, in an order that the cursor names. */
const cursor = createParser({
  parse: (text) => (parseDeviceCursor(text) === null ? null : text),
  serialize: (text: string) => text,
})

export const DEVICES = { ...LIST, cursor, sort: oneOf(DEVICE_SORTS, 'contact') }
export const loadDevices = createLoader(DEVICES)
