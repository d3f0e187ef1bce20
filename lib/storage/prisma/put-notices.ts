import type { Notice } from '../notice.ts'
import { floats, jsons, uuids } from './arrays.ts'
import type { Send, Statement } from './database.ts'

const PUT: Statement = {
  name: 'notice_put',
  text: `INSERT INTO notice (scope_fleet_id, id, at, notice)
    SELECT f, i, to_timestamp(a / 1000), n FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::json[]) u(f, i, a, n)
    ON CONFLICT DO NOTHING`,
}

/** Puts notices into the outbox, within the transaction of what they tell of; one that is there stays as it is. */
export async function putNotices(send: Send, notices: readonly Notice[]): Promise<void> {
  if (notices.length === 0) return
  await send(PUT, [
    uuids(notices.map(({ fleetId }) => fleetId)),
    uuids(notices.map(({ id }) => id)),
    floats(notices.map(({ atMs }) => atMs)),
    jsons(notices),
  ])
}
