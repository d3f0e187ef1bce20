import { sameValue } from '#components/status/conflict-fields.ts'
import type { Collection } from '#lib/client/collection.ts'
import type { JsonObject } from '#lib/kernel/json.ts'

/**
 * Files a new report under the id that its draft began with, and gives the id that it has. The page may have been ended
 * after it was filed and before the draft was forgotten: it is not filed twice then. Another tab may have filed something
 * else out of the same draft: that stays, and this one is a report of its own.
 */
export async function fileOnce(
  reports: Pick<Collection, 'get' | 'put'>,
  id: string,
  data: JsonObject,
): Promise<string> {
  const there = await reports.get(id)
  const isFiled = there !== null && Object.keys(data).every((name) => sameValue(there.data[name], data[name]))
  return isFiled ? id : (await reports.put(there === null ? id : null, data)).recordId
}
