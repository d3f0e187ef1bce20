import type { Incident, IncidentEntry } from '#lib/telemetry/alerts/incident.ts'
import type { AlertRule } from '#lib/telemetry/alerts/rule.ts'
import type { Silence } from '#lib/telemetry/alerts/silence.ts'
import { openCounts } from '../alert-values.ts'
import { overAtMs } from '../alert-port.ts'
import type {
  AlertCommit,
  AlertInput,
  AlertPort,
  AlertRound,
  AlertStates,
  StoredRule,
  TrackedPart,
} from '../ports.ts'
import { floats, jsons, uuids } from './arrays.ts'
import { insertAudit } from './audit.ts'
import type { Database, Send, Statement } from './database.ts'
import { pageOf } from './page.ts'
import { putNotices } from './put-notices.ts'
import { at, fromJson, ms } from './values.ts'

const RULES: Statement = {
  name: 'alert_rules',
  text: 'SELECT version, rule, changed_at, changed_by FROM alert_rule WHERE fleet_id = $1 ORDER BY name COLLATE "C"',
}
/** One write at a time in a fleet, so that the bound holds. */
const LOCK: Statement = {
  name: 'alert_lock',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))',
}
const COUNT_RULES: Statement = {
  name: 'alert_rule_count',
  text: 'SELECT count(*) AS count FROM alert_rule WHERE fleet_id = $1 AND name <> $2',
}
const RULE_VERSION: Statement = {
  name: 'alert_rule_version',
  text: 'SELECT version FROM alert_rule WHERE fleet_id = $1 AND name = $2',
}
const PUT_RULE: Statement = {
  name: 'alert_rule_put',
  text: `INSERT INTO alert_rule (fleet_id, name, version, rule, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (fleet_id, name) DO UPDATE SET version = $3, rule = $4, changed_at = $5, changed_by = $6`,
}
const REMOVE_RULE: Statement = {
  name: 'alert_rule_remove',
  text: 'DELETE FROM alert_rule WHERE fleet_id = $1 AND name = $2 AND version = $3 RETURNING version',
}
const STATES: Statement = {
  name: 'alert_states',
  text: 'SELECT revision, evaluated_at, states FROM alert_state WHERE fleet_id = $1',
}
const OPEN: Statement = {
  name: 'incidents_open',
  text: `SELECT incident FROM incident WHERE fleet_id = $1 AND state = 'open' ORDER BY opened_at, id`,
}
const LIVE_SILENCES: Statement = {
  name: 'silences_live',
  text: 'SELECT silence FROM silence WHERE fleet_id = $1 AND over_at > $2 ORDER BY created_at, id',
}
const NEXT: Statement = {
  name: 'incident_next',
  text: `SELECT coalesce((SELECT max(number) FROM incident WHERE fleet_id = $1), 0) + 1 AS number,
    least((SELECT created_at FROM dead_letter WHERE fleet_id = $1 AND status = 'open' ORDER BY created_at LIMIT 1),
      (SELECT created_at FROM conflict WHERE fleet_id = $1 AND status = 'open' ORDER BY created_at LIMIT 1)) AS oldest`,
}
const FIRST_STATES: Statement = {
  name: 'alert_states_first',
  text: `INSERT INTO alert_state (fleet_id, revision, evaluated_at, states) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING RETURNING revision`,
}
const NEXT_STATES: Statement = {
  name: 'alert_states_next',
  text: `UPDATE alert_state SET revision = $2, evaluated_at = $3, states = $4
    WHERE fleet_id = $1 AND revision = $2 - 1 RETURNING revision`,
}
/** What is evaluated again in 15 s may be lost with the machine; an incident or a notice may not. */
const LAZY: Statement = { name: 'alert_lazy', text: `SELECT set_config('synchronous_commit', 'off', true)` }
/** One that is open of the same subject, or has the same number, is somebody else's who was faster. */
const FIRST_INCIDENT: Statement = {
  name: 'incident_first',
  text: `INSERT INTO incident (fleet_id, id, state, resolved_at, version, incident, number, subject, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING version`,
}
const NEXT_INCIDENT: Statement = {
  name: 'incident_next_version',
  text: `UPDATE incident SET state = $3, resolved_at = $4, version = $5, incident = $6
    WHERE fleet_id = $1 AND id = $2 AND version = $5 - 1 RETURNING version`,
}
const PUT_ENTRIES: Statement = {
  name: 'incident_entries_put',
  text: `INSERT INTO incident_entry (fleet_id, incident_id, id, at, entry)
    SELECT $1, n, i, to_timestamp(a / 1000), e FROM unnest($2::uuid[], $3::uuid[], $4::float8[], $5::json[]) u(n, i, a, e)
    ON CONFLICT DO NOTHING`,
}
const GET: Statement = {
  name: 'incident_get',
  text: 'SELECT incident FROM incident WHERE fleet_id = $1 AND id = $2',
}
const HOLD: Statement = { name: 'incident_hold', text: `${GET.text} FOR UPDATE` }
/** Newest first, behind a place; without one, from the end of time. */
const LIST: Statement = {
  name: 'incident_list',
  text: `SELECT incident FROM incident WHERE fleet_id = $1 AND ($3::text IS NULL OR state = $3)
    AND (opened_at, id) < ($4, $5) ORDER BY opened_at DESC, id DESC LIMIT $2`,
}
const ENTRIES: Statement = {
  name: 'incident_entries',
  text: `SELECT entry FROM incident_entry WHERE fleet_id = $1 AND incident_id = $3 AND (at, id) < ($4, $5)
    ORDER BY at DESC, id DESC LIMIT $2`,
}
const SILENCES: Statement = {
  name: 'silences',
  text: `SELECT silence FROM silence WHERE fleet_id = $1 AND (created_at, id) < ($3, $4)
    ORDER BY created_at DESC, id DESC LIMIT $2`,
}
const SILENCE: Statement = {
  name: 'silence_get',
  text: 'SELECT silence FROM silence WHERE fleet_id = $1 AND id = $2',
}
const COUNT_SILENCES: Statement = {
  name: 'silence_count',
  text: 'SELECT count(*) AS count FROM silence WHERE fleet_id = $1 AND over_at > $2 AND id <> $3',
}
const PUT_SILENCE: Statement = {
  name: 'silence_put',
  text: `INSERT INTO silence AS s (fleet_id, id, created_at, over_at, version, silence) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (fleet_id, id) DO UPDATE SET over_at = $4, version = $5, silence = $6 WHERE s.version = $5 - 1 RETURNING version`,
}
const PUT_ROUND: Statement = {
  name: 'alert_round_put',
  text: `INSERT INTO alert_round (at, round) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET at = $1, round = $2`,
}
const ROUND: Statement = { name: 'alert_round', text: 'SELECT round FROM alert_round' }
const MARK: Statement = {
  name: 'alert_mark',
  text: `SELECT concat_ws(' ', (SELECT revision FROM alert_state WHERE fleet_id = $1),
    (SELECT concat(count(*), '/', sum(version)) FROM alert_rule WHERE fleet_id = $1),
    (SELECT concat(count(*), '/', sum(version)) FROM incident WHERE fleet_id = $1 AND state = 'open'),
    (SELECT max(resolved_at) FROM incident WHERE fleet_id = $1),
    (SELECT concat(count(*), '/', sum(version)) FROM silence WHERE fleet_id = $1)) AS mark`,
}

interface RuleRow extends Record<string, unknown> {
  readonly version: number
  readonly rule: unknown
  readonly changed_at: Date
  readonly changed_by: unknown
}
interface StateRow extends Record<string, unknown> {
  readonly revision: number
  readonly evaluated_at: Date
  readonly states: unknown
}
interface IncidentRow extends Record<string, unknown> {
  readonly incident: unknown
}

/** Behind every place that there is. */
const END = { atMs: 253_402_300_799_999, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

export function postgresAlerts(database: Database): AlertPort {
  return {
    rules: async (fleetId) =>
      (await database.one<RuleRow>(fleetId, RULES, [fleetId])).map((row) => ruleOf(fleetId, row)),
    saveRule: (rule, max, audit) =>
      database.inFleet(rule.fleetId, async (send) => {
        const { fleetId, version } = rule
        const { name } = rule.rule
        await send(LOCK, [fleetId])
        const [others] = await send<{ count: number }>(COUNT_RULES, [fleetId, name])
        if (version === 1 && (others?.count ?? 0) >= max) return 'full'
        const values = [
          fleetId,
          name,
          version,
          JSON.stringify(rule.rule),
          at(rule.changedAtMs),
          JSON.stringify(rule.changedBy),
        ]
        const [stored] = await send<{ version: number }>(RULE_VERSION, [fleetId, name])
        if ((stored?.version ?? 0) !== version - 1) return 'stale'
        await send(PUT_RULE, values)
        await insertAudit(send, audit)
        return 'saved'
      }),
    removeRule: (fleetId, name, version, audit) =>
      database.inFleet(fleetId, async (send) => {
        if ((await send(REMOVE_RULE, [fleetId, name, version])).length === 0) return 'stale'
        await insertAudit(send, audit)
        return 'removed'
      }),
    input: (fleetId, nowMs) => database.inFleet(fleetId, (send) => readInput(send, fleetId, nowMs)),
    commit: (fleetId, commit) => commitIn(database, fleetId, commit),
    incidents: async (fleetId, state, { limit, cursor }) => {
      const { atMs, id } = cursor ?? END
      const rows = await database.one<IncidentRow>(fleetId, LIST, [fleetId, limit + 1, state, at(atMs), id])
      return pageOf(
        rows.map(({ incident }) => fromJson<Incident>(incident)),
        (one) => ({ atMs: one.openedAtMs, id: one.id }),
        limit,
      )
    },
    incident: async (fleetId, id) => {
      const [row] = await database.one<IncidentRow>(fleetId, GET, [fleetId, id])
      return row ? fromJson<Incident>(row.incident) : null
    },
    openIncidents: async (fleetId) =>
      openCounts(
        (await database.one<IncidentRow>(fleetId, OPEN, [fleetId])).map(({ incident }) =>
          fromJson<Incident>(incident),
        ),
      ),
    entries: async (fleetId, incidentId, { limit, cursor }) => {
      const { atMs, id } = cursor ?? END
      const values = [fleetId, limit + 1, incidentId, at(atMs), id]
      const rows = await database.one<{ entry: unknown }>(fleetId, ENTRIES, values)
      return pageOf(
        rows.map(({ entry }) => fromJson<IncidentEntry>(entry)),
        (one) => ({ atMs: one.atMs, id: one.id }),
        limit,
      )
    },
    changeIncident: (fleetId, id, change) =>
      database.inFleet(fleetId, async (send) => {
        const [row] = await send<IncidentRow>(HOLD, [fleetId, id])
        if (!row) return null
        const { next, entries, notices, audit } = change(fromJson<Incident>(row.incident))
        await putIncident(send, next)
        await putEntries(send, fleetId, entries)
        await putNotices(send, notices)
        await insertAudit(send, audit)
        return next
      }),
    silences: async (fleetId, { limit, cursor }) => {
      const { atMs, id } = cursor ?? END
      const values = [fleetId, limit + 1, at(atMs), id]
      const rows = await database.one<{ silence: unknown }>(fleetId, SILENCES, values)
      return pageOf(
        rows.map(({ silence }) => fromJson<Silence>(silence)),
        (one) => ({ atMs: one.createdAtMs, id: one.id }),
        limit,
      )
    },
    silence: async (fleetId, id) => {
      const [row] = await database.one<{ silence: unknown }>(fleetId, SILENCE, [fleetId, id])
      return row ? fromJson<Silence>(row.silence) : null
    },
    saveSilence: (silence, max, nowMs, audit) =>
      database.inFleet(silence.fleetId, async (send) => {
        const { fleetId, id, version } = silence
        await send(LOCK, [fleetId])
        const [live] = await send<{ count: number }>(COUNT_SILENCES, [fleetId, at(nowMs), id])
        if (version === 1 && (live?.count ?? 0) >= max) return 'full'
        if (version > 1 && (await send(SILENCE, [fleetId, id])).length === 0) return 'stale'
        const { createdAtMs } = silence
        const values = [fleetId, id, at(createdAtMs), at(overAtMs(silence)), version, JSON.stringify(silence)]
        if ((await send(PUT_SILENCE, values)).length === 0) return 'stale'
        await insertAudit(send, audit)
        return 'saved'
      }),
    noteRound: async (round) => {
      await database.oneGlobal(PUT_ROUND, [at(round.atMs), JSON.stringify(round)])
    },
    lastRound: async () => {
      const [row] = await database.oneGlobal<{ round: unknown }>(ROUND, [])
      return row ? fromJson<AlertRound>(row.round) : null
    },
    mark: async (fleetId) => (await database.one<{ mark: string }>(fleetId, MARK, [fleetId]))[0]?.mark ?? '',
  }
}

const ruleOf = (fleetId: string, row: RuleRow): StoredRule => ({
  fleetId,
  rule: fromJson<AlertRule>(row.rule),
  version: row.version,
  changedAtMs: ms(row.changed_at),
  changedBy: fromJson<StoredRule['changedBy']>(row.changed_by),
})

async function readInput(send: Send, fleetId: string, nowMs: number): Promise<AlertInput> {
  const [rules, [states], open, silences, [next]] = await Promise.all([
    send<RuleRow>(RULES, [fleetId]),
    send<StateRow>(STATES, [fleetId]),
    send<IncidentRow>(OPEN, [fleetId]),
    send<{ silence: unknown }>(LIVE_SILENCES, [fleetId, at(nowMs)]),
    send<{ number: number; oldest: Date | null }>(NEXT, [fleetId]),
  ])
  return {
    ...statesOf(states),
    rules: rules.map((row) => ruleOf(fleetId, row)),
    open: open.map(({ incident }) => fromJson<Incident>(incident)),
    silences: silences.map(({ silence }) => fromJson<Silence>(silence)),
    nextNumber: next?.number ?? 1,
    oldestUnresolvedMs: next?.oldest ? ms(next.oldest) : null,
  }
}

const statesOf = (row: StateRow | undefined): AlertStates =>
  row === undefined
    ? { revision: 0, evaluatedAtMs: 0, states: [] }
    : {
        revision: row.revision,
        evaluatedAtMs: ms(row.evaluated_at),
        states: fromJson<readonly TrackedPart[]>(row.states),
      }

/** Thrown to take the transaction back; never leaves this module. */
class Stale extends Error {}

async function commitIn(
  database: Database,
  fleetId: string,
  { next, incidents, entries, notices }: AlertCommit,
): Promise<'committed' | 'stale'> {
  try {
    await database.inFleet(fleetId, async (send) => {
      if (incidents.length === 0) await send(LAZY, [])
      const values = [fleetId, next.revision, at(next.evaluatedAtMs), JSON.stringify(next.states)]
      const saved = await send(next.revision === 1 ? FIRST_STATES : NEXT_STATES, values)
      if (saved.length === 0) throw new Stale()
      for (const incident of incidents) if (!(await putIncident(send, incident))) throw new Stale()
      await putEntries(send, fleetId, entries)
      await putNotices(send, notices)
    })
    return 'committed'
  } catch (error) {
    if (error instanceof Stale) return 'stale'
    throw error
  }
}

async function putIncident(send: Send, incident: Incident): Promise<boolean> {
  const { fleetId, id, number, subject, state, openedAtMs, resolvedAtMs, version } = incident
  const now = [fleetId, id, state, resolvedAtMs === null ? null : at(resolvedAtMs), version]
  const values = [...now, JSON.stringify(incident)]
  const saved =
    version === 1
      ? await send(FIRST_INCIDENT, [...values, number, subject, at(openedAtMs)])
      : await send(NEXT_INCIDENT, values)
  return saved.length > 0
}

async function putEntries(send: Send, fleetId: string, entries: readonly IncidentEntry[]): Promise<void> {
  if (entries.length === 0) return
  await send(PUT_ENTRIES, [
    fleetId,
    uuids(entries.map(({ incidentId }) => incidentId)),
    uuids(entries.map(({ id }) => id)),
    floats(entries.map(({ atMs }) => atMs)),
    jsons(entries),
  ])
}
