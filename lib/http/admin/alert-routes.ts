import { alertStatus } from '#lib/application/alerts/alert-status.ts'
import { acknowledge, assign, note, unacknowledge } from '#lib/application/alerts/change-incident.ts'
import { getIncident, listEntries, listIncidents } from '#lib/application/alerts/incidents.ts'
import { getRule, listRules } from '#lib/application/alerts/list-rules.ts'
import { previewRule } from '#lib/application/alerts/preview-rule.ts'
import { changeRule, createRule, resetRule } from '#lib/application/alerts/save-rule.ts'
import { changeSilence, createSilence, endSilence, listSilences } from '#lib/application/alerts/silences.ts'
import { change, idOf, input, operate, read } from './route-rows.ts'
import type { AdminRoute, FleetCall } from './table.ts'
import { pageOfWhole } from './whole-list.ts'

const ofId = (call: FleetCall) => ({ ...input(call), id: idOf(call) })
const ofRule = (call: FleetCall) => ({ ...input(call), name: call.params['rule'] ?? '' })
const ofList = ({ actor, fleetId, query }: FleetCall) => ({ actor, fleetId, query })
/** What makes nothing answers 200. */
const act = (pattern: string, handle: (call: FleetCall) => Promise<unknown>): AdminRoute => ({
  ...operate('POST', pattern, handle),
  status: 200,
})

/** Rows of the route table about alerts. */
export const ALERT_ROUTES: readonly AdminRoute[] = [
  read('/alerts/status', 'viewer', (call) => alertStatus(call.ctx, call)),
  read('/alerts/rules', 'viewer', async (call) => {
    const { q: _, ...paged } = call.query
    return pageOfWhole(await listRules(call.ctx, ofList(call)), paged, {
      idOf: ({ rule }) => rule.name,
      atMsOf: ({ changed }) => changed?.changedAtMs ?? null,
    })
  }),
  { ...operate('POST', '/alerts/rules', (call) => createRule(call.ctx, input(call))), role: 'admin' },
  act('/alerts/rules/preview', (call) => previewRule(call.ctx, input(call))),
  read('/alerts/rules/:rule', 'viewer', (call) => getRule(call.ctx, ofRule(call))),
  change('PATCH', '/alerts/rules/:rule', (call) => changeRule(call.ctx, ofRule(call))),
  change('DELETE', '/alerts/rules/:rule', (call) => resetRule(call.ctx, ofRule(call))),
  read('/alerts/incidents', 'viewer', (call) => listIncidents(call.ctx, ofList(call))),
  read('/alerts/incidents/:id', 'viewer', (call) => getIncident(call.ctx, ofId(call))),
  read('/alerts/incidents/:id/entries', 'viewer', (call) =>
    listEntries(call.ctx, { ...ofList(call), id: idOf(call) }),
  ),
  act('/alerts/incidents/:id/ack', (call) => acknowledge(call.ctx, ofId(call))),
  operate('DELETE', '/alerts/incidents/:id/ack', (call) => unacknowledge(call.ctx, ofId(call))),
  act('/alerts/incidents/:id/owner', (call) => assign(call.ctx, ofId(call))),
  act('/alerts/incidents/:id/notes', (call) => note(call.ctx, ofId(call))),
  read('/alerts/silences', 'viewer', (call) => listSilences(call.ctx, ofList(call))),
  operate('POST', '/alerts/silences', (call) => createSilence(call.ctx, input(call))),
  operate('PATCH', '/alerts/silences/:id', (call) => changeSilence(call.ctx, ofId(call))),
  operate('DELETE', '/alerts/silences/:id', (call) => endSilence(call.ctx, ofId(call))),
]
