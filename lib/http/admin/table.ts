import type { Principal } from '#lib/application/access/principal.ts'
import type { Actor, Context } from '#lib/application/context.ts'
import type { Role } from '#lib/storage/ports.ts'

/** What a handler is given: all of it checked for who may call, none of it for its shape. */
export interface AdminCall {
  readonly ctx: Context
  readonly principal: Principal
  readonly actor: Actor
  /** The fleet that this call is about; authorized. Null for rows that belong to no fleet. */
  readonly fleetId: string
  /** By the names in the pattern. */
  readonly params: Readonly<Record<string, string>>
  /** Each parameter once. */
  readonly query: Readonly<Record<string, string>>
  /** The parsed JSON of a write, without its `fleet`. */
  readonly body: unknown
  readonly request: Request
}

/**
 * Where a row's role has to hold: in the fleet that the call names, in every fleet, or in any one (the verb then
 * shows what belongs to the caller's fleets).
 */
export type RoleScope = 'fleet' | 'everywhere' | 'anywhere'

/** One row of the route × role matrix (security.md, 1). Without a row there is no route. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PATCH'
  /** Below /api/admin/v1; `:name` takes one segment. */
  readonly pattern: string
  readonly role: Role
  readonly scope: RoleScope
  /** 201 for what makes a thing. */
  readonly status: 200 | 201
  readonly handle: (call: AdminCall) => Promise<unknown>
}

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
    if (name.startsWith(':') && part !== '') params.set(name.slice(1), part)
    else if (name !== part) return null
  }
  return Object.fromEntries(params)
}
