import type { DeviceSort } from '#lib/query/device-fields.ts'

/** Each order in words; it has one direction, the one that is asked for at night. */
export const SORT_WORDS: Readonly<Record<DeviceSort, string>> = {
  contact: 'by last contact, newest first',
  pending: 'by pending age, oldest first',
  queue: 'by queue, longest first',
  name: 'by name',
}
