import type { Role } from '#lib/storage/ports.ts'

/** Who knocks at every route. `other …` has its role in another fleet and asks for this one; `root` is an admin of all. */
export const CALLERS = [
  'stranger',
  'forged cookie',
  'unknown key',
  'device token',
  'enrollment key',
  'ingest key',
  'metrics key',
  'viewer key',
  'operator key',
  'admin key',
  'root key',
  'other viewer key',
  'other admin key',
  'viewer',
  'operator',
  'admin',
  'root',
  'other viewer',
  'other admin',
] as const
export type Caller = (typeof CALLERS)[number]

/**
 * One row of the route × role matrix (security.md, 1): who comes through, and what is answered then. A write is called
 * with a field that nobody knows, so whoever comes through is told 400 and nothing is changed.
 */
export interface Row {
  /** In the fleet that is asked for, in any fleet (the verb shows what is the caller's), or in every fleet. */
  readonly scope: 'fleet' | 'anywhere' | 'everywhere'
  readonly role: Role
  readonly passes: number
  /** What is told to somebody who has the role in another fleet alone. */
  readonly other: number
  /** What a key is told where only a person comes through. */
  readonly key?: number
  /** Asked for beside the fleet. */
  readonly query?: string
}

const inFleet = (role: Role, passes: number): Row => ({ scope: 'fleet', role, passes, other: 404 })
const anywhere = (role: Role, passes: number, other: number): Row => ({
  scope: 'anywhere',
  role,
  passes,
  other,
})
const everywhere = (passes: number): Row => ({ scope: 'everywhere', role: 'admin', passes, other: 403 })

const RANK: Readonly<Record<Role, number>> = { viewer: 1, operator: 2, admin: 3 }
const ROLE_OF: Readonly<Partial<Record<Caller, Role>>> = {
  // Its scope opens /metrics, its role the rest.
  'metrics key': 'viewer',
  'viewer key': 'viewer',
  'operator key': 'operator',
  'admin key': 'admin',
  'other viewer key': 'viewer',
  'other admin key': 'admin',
  viewer: 'viewer',
  operator: 'operator',
  admin: 'admin',
  'other viewer': 'viewer',
  'other admin': 'admin',
}

const isOperatorKey = (caller: Caller): boolean =>
  caller.endsWith(' key') && (caller === 'root key' || ROLE_OF[caller] !== undefined)

/** The exact status that this caller is answered. */
export function statusFor(caller: Caller, row: Row): number {
  if (row.key !== undefined && isOperatorKey(caller)) return row.key
  if (caller === 'root' || caller === 'root key') return row.passes
  const role = ROLE_OF[caller]
  if (role === undefined) return 401
  if (row.scope === 'everywhere' || RANK[role] < RANK[row.role]) return 403
  return caller.startsWith('other') ? row.other : row.passes
}

/** Of the operator API, below /api/admin/v1, by method and pattern. A route without a row fails. */
export const OPERATOR_API: Readonly<Record<string, Row>> = {
  'GET /fleets': anywhere('viewer', 200, 200),
  'GET /fleets/:id': anywhere('viewer', 200, 404),
  'PATCH /fleets/:id': anywhere('admin', 400, 400),
  'DELETE /fleets/:id': everywhere(400),
  'POST /fleets': everywhere(400),
  'GET /retention': anywhere('viewer', 200, 200),
  'PATCH /retention': anywhere('admin', 400, 400),
  'GET /collections': inFleet('viewer', 200),
  'POST /collections': inFleet('admin', 400),
  'GET /collections/:id': inFleet('viewer', 200),
  'PATCH /collections/:id': inFleet('admin', 400),
  'POST /collections/:id/check': inFleet('admin', 400),
  'DELETE /collections/:id': inFleet('admin', 400),
  'GET /collections/:id/review': inFleet('viewer', 200),
  'GET /collections/:id/reviews': inFleet('viewer', 200),
  'POST /collections/:id/reviews': inFleet('admin', 400),
  'GET /collections/:id/scar': inFleet('viewer', 200),
  'GET /enrollment-keys': inFleet('admin', 200),
  'POST /enrollment-keys': inFleet('admin', 400),
  'PATCH /enrollment-keys/:id': inFleet('admin', 400),
  'DELETE /enrollment-keys/:id': inFleet('admin', 400),
  'GET /ingest-keys': inFleet('admin', 200),
  'POST /ingest-keys': inFleet('admin', 400),
  'PATCH /ingest-keys/:id': inFleet('admin', 400),
  'DELETE /ingest-keys/:id': inFleet('admin', 400),
  'GET /releases': inFleet('viewer', 200),
  'POST /releases': inFleet('operator', 400),
  'DELETE /releases/:id': inFleet('operator', 400),
  'GET /views': { ...inFleet('viewer', 200), query: 'page=devices' },
  'POST /views': inFleet('viewer', 400),
  'PATCH /views/:id': inFleet('viewer', 400),
  'DELETE /views/:id': inFleet('viewer', 400),
  'GET /sources': inFleet('viewer', 200),
  'GET /scrape-targets': inFleet('admin', 200),
  'POST /scrape-targets': inFleet('admin', 400),
  'DELETE /scrape-targets/:id': inFleet('admin', 400),
  'GET /users': anywhere('admin', 200, 200),
  'POST /users': anywhere('admin', 400, 400),
  'PATCH /users/:id': anywhere('admin', 400, 400),
  'DELETE /users/:id': anywhere('admin', 400, 400),
  'POST /users/:id/end-sessions': everywhere(400),
  'POST /users/:id/link': everywhere(400),
  'GET /invitations': anywhere('admin', 200, 200),
  'POST /invitations': anywhere('admin', 400, 400),
  'POST /invitations/:id/link': anywhere('admin', 400, 400),
  'DELETE /invitations/:id': anywhere('admin', 400, 400),
  'GET /account': { ...anywhere('viewer', 200, 200), key: 403 },
  'PATCH /account': anywhere('viewer', 400, 400),
  'POST /account/step-up': anywhere('viewer', 400, 400),
  'POST /account/password': anywhere('viewer', 400, 400),
  'POST /account/identities/unlink': anywhere('viewer', 400, 400),
  'GET /account/sessions': { ...anywhere('viewer', 200, 200), key: 403 },
  'POST /account/sessions/end': anywhere('viewer', 400, 400),
  'DELETE /account/sessions/:id': anywhere('viewer', 400, 400),
  'GET /api-keys': anywhere('admin', 200, 200),
  'POST /api-keys': anywhere('admin', 400, 400),
  'PATCH /api-keys/:id': anywhere('admin', 400, 400),
  'DELETE /api-keys/:id': anywhere('admin', 400, 400),
  'GET /overview': inFleet('viewer', 200),
  'GET /pillars/lag': inFleet('viewer', 200),
  'GET /pillars/lag/heat': inFleet('viewer', 200),
  'GET /pillars/cohorts': inFleet('viewer', 200),
  'GET /pillars/conflicts': inFleet('viewer', 200),
  'GET /pillars/conflicts/fields': inFleet('viewer', 200),
  'GET /pillars/conflicts/friction': inFleet('viewer', 200),
  'GET /pillars/failures': inFleet('viewer', 200),
  'GET /pillars/queue': inFleet('viewer', 200),
  'GET /sessions': inFleet('viewer', 200),
  'GET /sessions/facets': inFleet('viewer', 200),
  'GET /sessions/export': inFleet('viewer', 200),
  'GET /sessions/:id': inFleet('viewer', 200),
  'GET /devices': inFleet('viewer', 200),
  'GET /devices/facets': inFleet('viewer', 200),
  'GET /devices/export': inFleet('viewer', 200),
  'POST /devices/commands': inFleet('operator', 400),
  'GET /devices/:id': inFleet('viewer', 200),
  'GET /devices/:id/diagnosis': inFleet('viewer', 200),
  'GET /devices/:id/logs': inFleet('viewer', 200),
  'POST /devices/:id/commands': inFleet('operator', 400),
  'GET /devices/:id/diagnostics': inFleet('operator', 200),
  'GET /devices/:id/diagnostics/:diagnosticsId': inFleet('operator', 200),
  'GET /lab/runs': inFleet('viewer', 200),
  'POST /lab/runs': inFleet('operator', 400),
  'GET /lab/runs/:id': inFleet('viewer', 200),
  'POST /lab/runs/:id/stop': inFleet('operator', 400),
  'GET /collections/:id/lab-weights': inFleet('viewer', 200),
  'PATCH /collections/:id/lab-weights': inFleet('admin', 400),
  'GET /conflicts': inFleet('viewer', 200),
  'GET /conflicts/facets': inFleet('viewer', 200),
  'GET /conflicts/groups': inFleet('viewer', 200),
  'GET /conflicts/pairs': inFleet('viewer', 200),
  'GET /conflicts/settled': inFleet('viewer', 200),
  'GET /conflicts/export': inFleet('viewer', 200),
  'POST /conflicts/by-rule/preview': inFleet('operator', 400),
  'POST /conflicts/by-rule': inFleet('operator', 400),
  'PATCH /conflicts/:id': inFleet('operator', 400),
  'GET /conflicts/:id': inFleet('viewer', 200),
  'POST /conflicts/:id/resolve': inFleet('operator', 400),
  'GET /dead-letters': inFleet('viewer', 200),
  'GET /dead-letters/facets': inFleet('viewer', 200),
  'GET /dead-letters/export': inFleet('viewer', 200),
  'GET /dead-letters/groups': inFleet('viewer', 200),
  'POST /dead-letters/groups': inFleet('operator', 400),
  'GET /dead-letters/groups/:id': inFleet('viewer', 200),
  'PATCH /dead-letters/groups/:id': inFleet('operator', 400),
  'DELETE /dead-letters/groups/:id': inFleet('operator', 400),
  'POST /dead-letters/groups/:id/merge': inFleet('operator', 400),
  'POST /dead-letters/groups/:id/unmerge': inFleet('operator', 400),
  'GET /dead-letters/:id': inFleet('viewer', 200),
  'POST /dead-letters/:id/preview': inFleet('operator', 400),
  'POST /dead-letters/:id/replay': inFleet('operator', 400),
  'POST /dead-letters/:id/edit': inFleet('operator', 400),
  'POST /dead-letters/:id/reveal': inFleet('operator', 400),
  'POST /dead-letters/:id/purge': inFleet('admin', 400),
  'POST /dead-letters/:id/discard': inFleet('operator', 400),
  'POST /dead-letters/:id/restore': inFleet('operator', 400),
  'POST /operations/preview': inFleet('operator', 400),
  'GET /operations': inFleet('viewer', 200),
  'POST /operations': inFleet('operator', 400),
  'GET /operations/:id': inFleet('viewer', 200),
  'GET /operations/:id/items': inFleet('viewer', 200),
  'GET /operations/:id/export': inFleet('viewer', 200),
  'POST /operations/:id/preview': inFleet('operator', 400),
  'POST /operations/:id/start': inFleet('operator', 400),
  'POST /operations/:id/pause': inFleet('operator', 400),
  'POST /operations/:id/resume': inFleet('operator', 400),
  'POST /operations/:id/cancel': inFleet('operator', 400),
  'POST /operations/:id/rate': inFleet('operator', 400),
  'GET /breakers': inFleet('viewer', 200),
  'GET /breakers/:scope': inFleet('viewer', 200),
  'GET /breakers/:scope/what-if': inFleet('viewer', 200),
  'POST /breakers/:scope/override': inFleet('operator', 400),
  'PATCH /breakers/:scope/override': inFleet('operator', 400),
  'DELETE /breakers/:scope/override': inFleet('operator', 400),
  'POST /breakers/:scope/override/approve': inFleet('operator', 400),
  'PATCH /breakers/:scope/config': inFleet('admin', 400),
  'GET /alerts/status': inFleet('viewer', 200),
  'GET /alerts/rules': inFleet('viewer', 200),
  'POST /alerts/rules': inFleet('admin', 400),
  'POST /alerts/rules/preview': inFleet('operator', 400),
  'GET /alerts/rules/:rule': inFleet('viewer', 200),
  'PATCH /alerts/rules/:rule': inFleet('admin', 400),
  'DELETE /alerts/rules/:rule': inFleet('admin', 400),
  'GET /alerts/incidents': inFleet('viewer', 200),
  'GET /alerts/incidents/:id': inFleet('viewer', 404),
  'GET /alerts/incidents/:id/entries': inFleet('viewer', 404),
  'POST /alerts/incidents/:id/ack': inFleet('operator', 400),
  'DELETE /alerts/incidents/:id/ack': inFleet('operator', 400),
  'POST /alerts/incidents/:id/owner': inFleet('operator', 400),
  'POST /alerts/incidents/:id/notes': inFleet('operator', 400),
  'GET /alerts/silences': inFleet('viewer', 200),
  'POST /alerts/silences': inFleet('operator', 400),
  'PATCH /alerts/silences/:id': inFleet('operator', 400),
  'DELETE /alerts/silences/:id': inFleet('operator', 400),
  'GET /alerts/channels': anywhere('operator', 200, 200),
  'POST /alerts/channels': anywhere('admin', 400, 400),
  'PATCH /alerts/channels/:id': anywhere('admin', 400, 400),
  'DELETE /alerts/channels/:id': anywhere('admin', 400, 400),
  'POST /alerts/channels/:id/test': anywhere('operator', 400, 400),
  'GET /alerts/channels/:id/deliveries': anywhere('operator', 200, 404),
  'GET /audit': { ...anywhere('operator', 200, 404), query: 'fleet={fleet}' },
  'GET /audit/head': everywhere(200),
  'GET /audit/verify': everywhere(200),
  'GET /audit/export': { ...anywhere('operator', 200, 404), query: 'fleet={fleet}' },
  'GET /audit/:id': { ...anywhere('operator', 404, 404), query: 'fleet={fleet}' },
  'GET /restore': inFleet('viewer', 200),
  'GET /restore/devices': inFleet('viewer', 404),
  'GET /restore/mutations': inFleet('viewer', 404),
  'GET /stream': inFleet('viewer', 200),
}

/** A row of the device API, of the receivers of telemetry or of the probes: one kind of credential opens it, or none is needed. */
export interface OpenedBy {
  readonly opens: Caller | 'everyone'
  /** To whom it opens, for an empty body and no query. */
  readonly passes: number
}

const by = (opens: OpenedBy['opens'], passes: number): OpenedBy => ({ opens, passes })

/** What the server answers ahead of Next, by method and path. */
export const SERVER_API: Readonly<Record<string, OpenedBy>> = {
  'POST /api/v1/enroll': by('enrollment key', 400),
  'GET /api/v1/config': by('device token', 200),
  'POST /api/v1/push': by('device token', 400),
  'GET /api/v1/pull': by('device token', 200),
  'POST /api/v1/heartbeat': by('device token', 400),
  'POST /api/v1/sessions': by('device token', 400),
  'POST /api/v1/token/rotate': by('device token', 200),
  'POST /api/v1/diagnostics': by('device token', 201),
  'GET /api/v1/events': by('device token', 200),
  'POST /api/v1/ingest/sessions': by('ingest key', 400),
  'POST /api/v1/ingest/prometheus/write': by('ingest key', 415),
  'POST /api/otlp/v1/traces': by('ingest key', 200),
  'POST /api/otlp/v1/metrics': by('ingest key', 200),
  'POST /api/otlp/v1/logs': by('ingest key', 200),
  'GET /livez': by('everyone', 200),
  'GET /readyz': by('everyone', 200),
  'GET /metrics': by('metrics key', 200),
}

/** The exact status that this caller is answered. */
export const statusOf = (caller: Caller, { opens, passes }: OpenedBy): number =>
  opens === 'everyone' || opens === caller ? passes : 401

/** A route of the build: a page for a role and up, or for everyone; or what another table holds. */
export type Built =
  | {
      readonly page: Role | 'everyone'
      /** An address of it that shows something; `{fleet}` and its like are ids. */
      readonly at: string
      /** What it answers everyone, where that isn't 200. */
      readonly status?: number
    }
  | { readonly held: 'operator API' | 'server API' | 'sign-in' | 'open file' }

const page = (role: Role | 'everyone', at: string): Built => ({ page: role, at })
const held = (by: Extract<Built, { held: string }>['held']): Built => ({ held: by })
const F = 'fleet={fleet}'

/** Every route that a build makes, by its pattern. What the build makes and isn't here fails, and so does what is here alone. */
export const BUILT_ROUTES: Readonly<Record<string, Built>> = {
  '/': page('viewer', '/'),
  '/alerts': page('viewer', `/alerts?${F}`),
  '/alerts/channels': page('operator', `/alerts/channels?${F}`),
  '/alerts/channels/[id]': page('operator', `/alerts/channels/{channel}?${F}`),
  '/alerts/incidents/[id]': page('viewer', `/alerts/incidents/{nothing}?${F}`),
  '/alerts/new-rule': page('admin', `/alerts/new-rule?${F}`),
  '/alerts/rules': page('viewer', `/alerts/rules?${F}`),
  '/alerts/rules/[name]': page('viewer', `/alerts/rules/conflicts-many?${F}`),
  '/alerts/runbooks/[rule]': page('viewer', `/alerts/runbooks/dead-letters-growing?${F}`),
  '/alerts/silences': page('viewer', `/alerts/silences?${F}`),
  '/audit': page('operator', `/audit?${F}`),
  '/audit/[id]': page('operator', `/audit/{audit}?${F}`),
  '/audit/all': page('admin', '/audit/all'),
  '/breakers': page('viewer', `/breakers?${F}`),
  '/breakers/[scope]': page('viewer', `/breakers/fleet%3A{fleet}?${F}`),
  '/collections': page('viewer', `/collections?${F}`),
  '/collections/[id]': page('viewer', `/collections/{collection}?${F}`),
  '/lab': page('viewer', `/lab?${F}`),
  '/collections/[id]/review': page('viewer', `/collections/{collection}/review?${F}`),
  '/collections/[id]/scar': page('viewer', `/collections/{collection}/scar?${F}`),
  '/conflicts': page('viewer', `/conflicts?${F}`),
  '/conflicts/[id]': page('viewer', `/conflicts/{conflict}?${F}`),
  '/dead-letters': page('viewer', `/dead-letters?${F}`),
  '/dead-letters/[id]': page('viewer', `/dead-letters/{letter}?${F}`),
  '/devices': page('viewer', `/devices?${F}`),
  '/devices/[id]': page('viewer', `/devices/{device}?${F}`),
  '/operations': page('viewer', `/operations?${F}`),
  '/operations/[id]': page('viewer', `/operations/{operation}?${F}`),
  '/operations/new': page('operator', `/operations/new?${F}&kind=replay`),
  '/overview': page('viewer', `/overview?${F}`),
  '/pillars': page('viewer', `/pillars?${F}`),
  '/pillars/[pillar]': page('viewer', `/pillars/lag?${F}`),
  '/sessions': page('viewer', `/sessions?${F}`),
  '/sessions/[id]': page('viewer', `/sessions/{session}?${F}`),
  '/settings': page('viewer', `/settings?${F}`),
  '/settings/account': page('viewer', `/settings/account?${F}`),
  '/settings/keys': page('admin', `/settings/keys?${F}`),
  '/settings/people': page('admin', `/settings/people?${F}`),
  '/settings/enrollment': page('admin', `/settings/enrollment?${F}`),
  '/settings/fleets': page('viewer', `/settings/fleets?${F}`),
  '/settings/ingest': page('admin', `/settings/ingest?${F}`),
  '/settings/integrations': page('viewer', `/settings/integrations?${F}`),
  '/settings/releases': page('viewer', `/settings/releases?${F}`),
  '/settings/retention': page('viewer', `/settings/retention?${F}`),
  '/settings/thresholds': page('viewer', `/settings/thresholds?${F}`),
  // Without a token, as with one that was used.
  '/invitation': { page: 'everyone', at: '/invitation', status: 410 },
  '/signed-in': page('everyone', '/signed-in'),
  '/link': page('everyone', '/link'),
  '/set-up': page('everyone', '/set-up'),
  '/sign-in': page('everyone', '/sign-in'),
  '/docs': page('everyone', '/docs'),
  '/docs/errors': page('everyone', '/docs/errors'),
  '/icon.svg': held('open file'),
  '/api/openapi.json': held('open file'),
  '/api/admin/openapi.json': held('open file'),
  '/api/auth/[...nextauth]': held('sign-in'),
  '/api/admin/v1/[...path]': held('operator API'),
  '/api/otlp/v1/[...path]': held('server API'),
  '/api/v1/[...path]': held('server API'),
  '/api/v1/config': held('server API'),
  '/api/v1/enroll': held('server API'),
  '/api/v1/events': held('server API'),
  '/api/v1/heartbeat': held('server API'),
  '/api/v1/pull': held('server API'),
  '/api/v1/push': held('server API'),
  '/api/v1/sessions': held('server API'),
  '/api/v1/token/rotate': held('server API'),
  '/livez': held('server API'),
  '/metrics': held('server API'),
  '/readyz': held('server API'),
}
