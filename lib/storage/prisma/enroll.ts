import { ENROLL_REPEAT_MS } from '#lib/protocol/limits.ts'
import type { Device, DevicePort } from '../ports.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { storableText } from './storable-text.ts'
import { at, atOrNull } from './values.ts'

/** An enrollment older than a repeat may be is replaced; a live one keeps its device. */
const CLAIM_REQUEST: Statement = {
  name: 'enroll_claim',
  text: `INSERT INTO enrollment (fleet_id, request_id, device_id, key_id, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (fleet_id, request_id) DO UPDATE SET device_id = $3, key_id = $4, at = $5 WHERE enrollment.at <= $6
    RETURNING device_id`,
}
const UNCLAIM: Statement = {
  name: 'enroll_unclaim',
  text: 'DELETE FROM enrollment WHERE fleet_id = $1 AND request_id = $2',
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
  text: 'DELETE FROM device_token WHERE fleet_id = $1 AND device_id = $2',
}
const ADD_TOKEN: Statement = {
  name: 'token_add',
  text: 'INSERT INTO device_token (fleet_id, hash, device_id, created_at) VALUES ($1, $2, $3, $4)',
}
const END_TOKENS: Statement = {
  name: 'token_end',
  text: 'UPDATE device_token SET ends_at = least(ends_at, $3) WHERE fleet_id = $1 AND device_id = $2',
}

export function postgresEnrolling(database: Database): Pick<DevicePort, 'enroll' | 'findEnrolled' | 'rotateToken'> {
  return {
    enroll: async (input, audit) => {
      const { device, tokenHash, requestId, keyId, nowMs } = input
      const { fleetId, id } = device
      const before = at(nowMs - ENROLL_REPEAT_MS)
      return database.inFleet(fleetId, async (send) => {
        const claimed = await send(CLAIM_REQUEST, [fleetId, requestId, id, keyId, at(nowMs), before])
        const [live] = await send<{ device_id: string }>(FIND_REQUEST, [fleetId, requestId, before])
        if (claimed.length === 1 && !(await addDevice(send, device))) {
          // The claim must not outlive the refusal.
          await send(UNCLAIM, [fleetId, requestId])
          return 'taken'
        }
        if (claimed.length === 0 && live?.device_id !== id) return 'taken'
        await send(DROP_TOKENS, [fleetId, id])
        await send(ADD_TOKEN, [fleetId, tokenHash, id, at(nowMs)])
        await insertAudit(send, audit)
        return claimed.length === 1 ? 'enrolled' : 'repeated'
      })
    },
    findEnrolled: async (fleetId, requestId, nowMs) => {
      const values = [fleetId, requestId, at(nowMs - ENROLL_REPEAT_MS)]
      const [row] = await database.one<{ device_id: string }>(fleetId, FIND_REQUEST, values)
      return row?.device_id ?? null
    },
    rotateToken: (fleetId, deviceId, tokenHash, nowMs, oldEndsMs, audit) =>
      database.inFleet(fleetId, async (send) => {
        await send(END_TOKENS, [fleetId, deviceId, at(oldEndsMs)])
        await send(ADD_TOKEN, [fleetId, tokenHash, deviceId, at(nowMs)])
        await insertAudit(send, audit)
      }),
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
