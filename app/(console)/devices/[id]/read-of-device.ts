import { listConflicts } from '#lib/application/conflicts/list-conflicts.ts'
import { listDeadLetters } from '#lib/application/dead-letters/list-dead-letters.ts'
import { deadTokenUseOf } from '#lib/application/devices/dead-tokens.ts'
import { listLogs } from '#lib/application/devices/list-logs.ts'
import { listDiagnostics } from '#lib/application/diagnostics/read-diagnostics.ts'
import { annotationsIn } from '#lib/application/pillars/annotations.ts'
import { listSessions } from '#lib/application/sessions/list-sessions.ts'
import type { Visit } from '../../viewer.ts'

/** What the pictures of a device are made of. */
const SESSIONS_SHOWN_MAX = 100
const TROUBLES_SHOWN_MAX = 10

/** What the fleet knows of one device beyond its row: the newest of each, and whether there are more. */
export async function readOfDevice({ ctx, actor, fleet, span }: Visit, deviceId: string) {
  const who = { actor, fleetId: fleet.id }
  const time = { fromMs: span.fromMs, toMs: span.toMs }
  const limit = TROUBLES_SHOWN_MAX
  const [sessions, letters, conflicts, diagnostics, logs, annotations, deadToken] = await Promise.all([
    listSessions(ctx, { ...who, query: { ...time, q: `device:${deviceId}`, limit: SESSIONS_SHOWN_MAX } }),
    listDeadLetters(ctx, { ...who, query: { q: `status:open device:${deviceId}`, limit } }),
    listConflicts(ctx, { ...who, query: { deviceId, status: 'open', limit } }),
    fleet.role === 'viewer' ? null : listDiagnostics(ctx, { ...who, deviceId }),
    listLogs(ctx, { ...who, deviceId }),
    annotationsIn(ctx, { fleetId: fleet.id, ...time }),
    deadTokenUseOf(ctx, { ...who, deviceId }),
  ])
  return {
    sessions: { items: sessions.items, more: sessions.nextCursor !== null },
    letters: { items: letters.items, more: letters.nextCursor !== null },
    conflicts: { items: conflicts.items, more: conflicts.nextCursor !== null },
    diagnostics,
    annotations,
    deadToken,
    logs: logs.filter(({ level }) => level !== 'info').slice(0, TROUBLES_SHOWN_MAX),
  }
}

export type OfDevice = Awaited<ReturnType<typeof readOfDevice>>
