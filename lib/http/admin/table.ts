import type { Principal } from '#lib/application/access/principal.ts'
import type { Actor, Context, Role } from '#lib/application/context.ts'

/** What a handler is given: checked for who may call, not for its shape. */
export interface AdminCall {
  readonly ctx: Context
  readonly principal: Principal
  readonly actor: Actor
  /** By the names in the pattern. */
  readonly params: Readonly<Record<string, string>>
  /** Without `fleet`, where the row is about one. */
  readonly query: Readonly<Record<string, string>>
  /** The parsed JSON of a write; without `fleet`, where the row is about one. Null for a read. */
  readonly body: unknown
  readonly request: Request
  /** The caller as it is now; throws `unauthorized` once it is signed out or its key is dead. */
  readonly reauthenticate: () => Promise<Actor>
}
export interface FleetCall extends AdminCall {
  /** Authorized. */
  readonly fleetId: string
}

interface Row {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below /api/admin/v1; `:name` takes one segment. */
  readonly pattern: string
  readonly role: Role
  /** 201 for what makes a thing. */
  readonly status: 200 | 201
  /** A dangerous act, or whether one is asked for: of people it takes a sign-in of the last 30 minutes (security check 18). */
  readonly recent?: true | ((body: unknown) => boolean)
}

/**
 * One row of the route × role matrix (security check 1). The role has to hold in the fleet that the call names, in
 * every fleet, or in any one; then the verb shows what belongs to the caller's fleets.
 */
export type AdminRoute =
  | (Row & { readonly scope: 'fleet'; readonly handle: (call: FleetCall) => Promise<unknown> })
  | (Row & {
      readonly scope: 'everywhere' | 'anywhere'
      readonly handle: (call: AdminCall) => Promise<unknown>
    })

export interface Matched {
  readonly route: AdminRoute
  readonly params: Readonly<Record<string, string>>
}

/** The row for a request, or the methods that its path would take. */
export function matchRoute(
  routes: readonly AdminRoute[],
  method: string,
  path: string,
): Matched | { readonly route: null; readonly allow: readonly string[] } {
  const matches = routes.flatMap((route) => {
    const params = paramsOf(route.pattern, path)
    return params ? [{ route, params }] : []
  })
  const found = matches.find(({ route }) => route.method === method)
  return found ?? { route: null, allow: matches.map(({ route }) => route.method) }
}

function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const names = pattern.split('/')
  const parts = path.split('/')
  if (names.length !== parts.length) return null
  const params = new Map<string, string>()
  for (const [index, name] of names.entries()) {
    const part = parts[index] ?? ''
    if (name.startsWith(':') && part !== '') params.set(name.slice(1), part.replaceAll('%3A', ':'))
    else if (name !== part) return null
  }
  return Object.fromEntries(params)
}
