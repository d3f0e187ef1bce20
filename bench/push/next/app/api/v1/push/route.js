import { openInserts } from '../../../../../insert.ts'

let inserts = null

/** What the ceiling with the insert does, as a route handler. */
export async function POST(request) {
  const push = await request.json()
  inserts ??= openInserts()
  await (await inserts).insert(push)
  return Response.json({ requestId: push.requestId, count: push.mutations.length })
}
