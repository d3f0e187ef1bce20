import { decodeBase64url, encodeBase64url } from '#lib/kernel/base64url.ts'
import { isUuid } from '#lib/kernel/uuid.ts'
import { DEVICE_SORTS, type DeviceSort } from '#lib/query/device-fields.ts'
import type { DevicePlace } from '#lib/storage/ports.ts'
import { badRequest } from '../errors.ts'

/** A place in one order of the devices, which it names. */
export const encodeDeviceCursor = ({ value, id }: DevicePlace, sort: DeviceSort): string =>
  encodeBase64url(new TextEncoder().encode(JSON.stringify([sort, value, id])))

/** @throws ApplicationError `bad_request` for a cursor that is not ours, or of another order */
export function decodeDeviceCursor(text: string, sort: DeviceSort): DevicePlace {
  const cursor = parseDeviceCursor(text)
  if (cursor === null) throw badRequest([{ path: '/cursor', message: 'must be a cursor of an earlier page' }])
  if (cursor.sort !== sort)
    throw badRequest([{ path: '/cursor', message: `is of a list sorted by ${cursor.sort}, not by ${sort}` }])
  return cursor
}

export function parseDeviceCursor(text: string): (DevicePlace & { readonly sort: DeviceSort }) | null {
  const bytes = decodeBase64url(text)
  const parsed = bytes === null ? null : parsedJson(new TextDecoder().decode(bytes))
  if (!Array.isArray(parsed) || parsed.length !== 3) return null
  const [name, value, id] = parsed as readonly unknown[]
  const sort = DEVICE_SORTS.find((one) => one === name)
  if (sort === undefined || !isUuid(id)) return null
  const fits =
    sort === 'name' ? typeof value === 'string' && !value.includes('\0') : Number.isSafeInteger(value)
  return fits ? { sort, value: value as number | string, id } : null
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No cursor of ours: the caller refuses it.
    return null
  }
}
