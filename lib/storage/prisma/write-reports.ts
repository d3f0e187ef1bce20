import type { PushWrites } from '../ports.ts'
import { bigints, jsons, plainTexts, texts, uuids } from './arrays.ts'
import { clockJumpsSql } from './clock-jumps.ts'
import type { Send, Statement } from './database.ts'

type Reported = PushWrites['reports'][number]

const REPORTS: Statement = {
  name: 'push_write_reports',
  text: `UPDATE device SET app_version = k.app_version, platform = k.platform, report = k.report,
      clock_jumps = ${clockJumpsSql('k.offset_ms', 'k.rtt_ms', 'k.at_ms')}, report_state = k.state, report_seq = k.seq,
      report_nonce = k.nonce, report_offset_ms = k.offset_ms, report_rtt_ms = k.rtt_ms,
      report_depth = k.depth, report_oldest_made_ms = k.oldest_made_ms, report_at_ms = k.at_ms,
      last_contact_at = greatest(last_contact_at, to_timestamp(k.at_ms / 1000.0))
    FROM unnest($2::uuid[], $3::text[], $4::text[], $5::json[], $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[],
        $12::bigint[], $13::bigint[])
      k(device_id, app_version, platform, report, state, seq, nonce, offset_ms, rtt_ms, at_ms, depth, oldest_made_ms)
    WHERE fleet_id = $1 AND device.id = k.device_id`,
}

/** What devices said of themselves with their pushes. Each report of a device is measured against the one before it. */
export function writeReports(
  send: Send,
  fleetId: string,
  reports: PushWrites['reports'],
): Promise<unknown>[] {
  const sent: Promise<unknown>[] = []
  for (let rest = reports; rest.length > 0;) {
    const first = new Map(rest.toReversed().map((row) => [row.deviceId, row]))
    sent.push(send(REPORTS, [fleetId, ...reportValues([...first.values()])]))
    rest = rest.filter((row) => first.get(row.deviceId) !== row)
  }
  return sent
}

const reportValues = (rows: readonly Reported[]): unknown[] => [
  uuids(rows.map((row) => row.deviceId)),
  texts(rows.map((row) => row.appVersion)),
  plainTexts(rows.map((row) => row.platform)),
  jsons(rows.map((row) => row.report)),
  plainTexts(rows.map((row) => row.report.state)),
  bigints(rows.map((row) => row.report.seq)),
  texts(rows.map((row) => row.report.nonce)),
  bigints(rows.map((row) => row.report.offsetMs)),
  bigints(rows.map((row) => row.report.rttMs)),
  bigints(rows.map((row) => row.report.atMs)),
  bigints(rows.map((row) => row.report.depth)),
  bigints(rows.map((row) => row.report.oldestMadeAtMs)),
]
