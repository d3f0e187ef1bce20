import { ENROLL_REPEAT_MS, TOKENS_PER_DEVICE_MAX } from '#lib/protocol/limits.ts'
import { linkedFamily, withLink } from '../device-commands.ts'
import type { Device, DevicePort } from '../ports.ts'
import { uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { storableText } from './storable-text.ts'
import { at, atOrNull } from './values.ts'

/** Repeats of one request run one after the other. */
const LOCK_REQUEST: Statement = {
  name: 'enroll_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
}
/** A fleet in which somebody enrolls is not removed meanwhile. */
const HOLD_FLEET: Statement = {
  name: 'enroll_hold_fleet',
  text: 'SELECT FROM fleet WHERE id = $1 FOR KEY SHARE',
}
/** An enrollment too old to be repeated is replaced. */
const KEEP_REQUEST: Statement = {
  name: 'enroll_keep',
  text: `INSERT INTO enrollment (fleet_id, request_id, device_id, key_id, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (fleet_id, request_id) DO UPDATE SET device_id = $3, key_id = $4, at = $5`,
}
/** Of those who ask at once no more get in than the key may let in; keys without a limit are not waited for. */
const LOCK_LIMITED_KEY: Statement = {
  name: 'enroll_lock_limited_key',
  text: `SELECT devices >= max_devices AS used_up FROM enrollment_key
    WHERE fleet_id = $1 AND id = $2 AND max_devices IS NOT NULL FOR UPDATE`,
}
/** The last thing but the audit entry, so that who enrolls by the same key waits for nothing else. */
const USE_KEY: Statement = {
  name: 'enroll_use_key',
  text: `UPDATE enrollment_key SET devices = devices + 1, last_used_at = $3 WHERE fleet_id = $1 AND id = $2`,
}
const FIND_REQUEST: Statement = {
  name: 'enroll_find',
  text: 'SELECT device_id FROM enrollment WHERE fleet_id = $1 AND request_id = $2 AND at > $3',
}
const ADD_DEVICE: Statement = {
  name: 'enroll_device',
  text: `INSERT INTO device (fleet_id, id, name, platform, app_version, model, os, status, access, enrolled_at, last_contact_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING id`,
}
const DROP_TOKENS: Statement = {
  name: 'token_drop',
  text: `DELETE FROM device_token WHERE fleet_id = $1 AND device_id = $2 AND hash NOT IN (
    SELECT hash FROM device_token WHERE fleet_id = $1 AND device_id = $2 ORDER BY created_at DESC, hash LIMIT $3)`,
}
const ADD_TOKEN: Statement = {
  name: 'token_add',
  text: 'INSERT INTO device_token (fleet_id, hash, device_id, created_at) VALUES ($1, $2, $3, $4)',
}
/**
 * All that there are. None, where a rotation has ended the one that asks: a late copy of it, or of an earlier one. Which token
 * is older no clock can say, for each process has its own.
 */
const END_TOKENS: Statement = {
  name: 'token_end',
  text: `UPDATE device_token SET ends_at = least(ends_at, $3) WHERE fleet_id = $1 AND device_id = $2
    AND EXISTS (SELECT FROM device_token WHERE fleet_id = $1 AND hash = $4 AND ends_at IS NULL)`,
}

/** In order of id, as pushes lock them. */
const LOCK_FAMILY: Statement = {
  name: 'enroll_lock_family',
  text: `SELECT d.id, d.linked_ids FROM device d WHERE d.fleet_id = $1 AND (d.id = ANY ($2::uuid[]) OR d.id = ANY (
    SELECT unnest(x.linked_ids) FROM device x WHERE x.fleet_id = $1 AND x.id = $3)) ORDER BY d.id FOR UPDATE`,
}
const SET_LINKED: Statement = {
  name: 'enroll_set_linked',
  text: 'UPDATE device SET linked_ids = $3::uuid[] WHERE fleet_id = $1 AND id = $2',
}

export function postgresEnrolling(
  database: Database,
): Pick<DevicePort, 'enroll' | 'findEnrolled' | 'rotateToken'> {
  return {
    enroll: async (input, audit) => {
      const { device, tokenHash, requestId, keyId, nowMs, formerId = null } = input
      const { fleetId, id } = device
      return database.inFleet(fleetId, async (send) => {
        await send(LOCK_REQUEST, [`${fleetId}/${requestId}`])
        if ((await send(HOLD_FLEET, [fleetId])).length === 0) return 'gone'
        const [live] = await send<{ device_id: string }>(FIND_REQUEST, [
          fleetId,
          requestId,
          at(nowMs - ENROLL_REPEAT_MS),
        ])
        if (!live && (await isUsedUp(send, fleetId, keyId))) return 'used_up'
        if (live ? live.device_id !== id : !(await addDevice(send, device))) return 'taken'
        if (!live) await send(KEEP_REQUEST, [fleetId, requestId, id, keyId, at(nowMs)])
        if (formerId !== null) await link(send, fleetId, id, formerId)
        await send(ADD_TOKEN, [fleetId, tokenHash, id, at(nowMs)])
        await send(DROP_TOKENS, [fleetId, id, TOKENS_PER_DEVICE_MAX])
        if (!live) await send(USE_KEY, [fleetId, keyId, at(nowMs)])
        await insertAudit(send, audit)
        return live ? 'repeated' : 'enrolled'
      })
    },
    findEnrolled: async (fleetId, requestId, nowMs) => {
      const values = [fleetId, requestId, at(nowMs - ENROLL_REPEAT_MS)]
      const [row] = await database.one<{ device_id: string }>(fleetId, FIND_REQUEST, values)
      return row?.device_id ?? null
    },
    rotateToken: (fleetId, deviceId, askedBy, tokenHash, nowMs, oldEndsMs, audit) =>
      database.inFleet(fleetId, async (send) => {
        await send(END_TOKENS, [fleetId, deviceId, at(oldEndsMs), askedBy])
        await send(ADD_TOKEN, [fleetId, tokenHash, deviceId, at(nowMs)])
        await send(DROP_TOKENS, [fleetId, deviceId, TOKENS_PER_DEVICE_MAX])
        await insertAudit(send, audit)
      }),
  }
}

async function isUsedUp(send: Send, fleetId: string, keyId: string): Promise<boolean> {
  const [key] = await send<{ used_up: boolean }>(LOCK_LIMITED_KEY, [fleetId, keyId])
  return key?.used_up === true
}

/** Both sides learn of each other, with all that they are linked to already. */
async function link(send: Send, fleetId: string, id: string, formerId: string): Promise<void> {
  const values = [fleetId, uuids([id, formerId]), formerId]
  const rows = await send<{ id: string; linked_ids: readonly string[] }>(LOCK_FAMILY, values)
  const linked = new Map(rows.map((row) => [row.id, row.linked_ids]))
  const former = linked.get(formerId)
  const own = linked.get(id)
  if (!former || !own) return
  const family = linkedFamily({ id: formerId, linkedIds: former })
  await send(SET_LINKED, [fleetId, id, uuids(family.reduce(withLink, own))])
  for (const memberId of family) {
    const known = linked.get(memberId)
    if (known) await send(SET_LINKED, [fleetId, memberId, uuids(withLink(known, id))])
  }
}

async function addDevice(send: Send, device: Device): Promise<boolean> {
  const optional = [device.model, device.os].map((text) => (text === undefined ? null : storableText(text)))
  const made = await send(ADD_DEVICE, [
    device.fleetId,
    device.id,
    storableText(device.name),
    device.platform,
    storableText(device.appVersion),
    ...optional,
    device.status,
    JSON.stringify(device.access),
    at(device.enrolledAtMs),
    atOrNull(device.lastContactMs),
  ])
  return made.length === 1
}
