/** BR5: what a breaker guards, as it is named on the wire and in metrics. No part holds a colon but an app's version, the last. */
export type Scope =
  | 'engine'
  | `fleet:${string}`
  | `app:${string}:${string}`
  | `collection:${string}:${string}`
  | `backend:${string}:${string}`

/** The server with its database, for every fleet. */
export const ENGINE_SCOPE: Scope = 'engine'
export const fleetScope = (fleetId: string): Scope => `fleet:${fleetId}`
export const collectionScope = (fleetId: string, collection: string): Scope =>
  `collection:${fleetId}:${collection}`
/** The fleet's own authority behind a collection. */
export const backendScope = (fleetId: string, collection: string): Scope => `backend:${fleetId}:${collection}`

/** The devices of a fleet that run one version of its app. */
export const appScope = (fleetId: string, version: string): Scope => `app:${fleetId}:${version}`

/** The scopes that a storage failure counts for (BR2). */
export const isWide = (scope: Scope): boolean => scope === ENGINE_SCOPE || scope.startsWith('fleet:')

/** Whose scope it is; null for the engine's, which is everybody's. */
export const fleetOfScope = (scope: string): string | null => scope.split(':')[1] ?? null

/** The collection of a collection's or backend's scope. */
export const collectionOfScope = (scope: Scope): string | null =>
  isAppScope(scope) ? null : (scope.split(':')[2] ?? null)

/** The version of an app's scope. */
export const versionOfScope = (scope: string): string | null =>
  isAppScope(scope) ? scope.slice(scope.indexOf(':', APP_PREFIX.length) + 1) : null

const APP_PREFIX = 'app:'
const isAppScope = (scope: string): boolean => scope.startsWith(APP_PREFIX)

/** What people call it: `engine`, `fleet`, `app 2.4.1`, `inspections`, `inspections authority`. */
export function nameOfScope(scope: string): string {
  const version = versionOfScope(scope)
  if (version !== null) return `app ${version}`
  const [kind = '', , collection = ''] = scope.split(':')
  if (kind === 'collection') return collection
  return kind === 'backend' ? `${collection} authority` : kind
}

const NAMED = /^(?:engine|(?:fleet|(?:app|collection|backend)):[0-9a-f-]{36}(?::.{1,64})?)$/s
/** A scope as somebody wrote it; null for what is none. */
export function scopeNamed(text: string): Scope | null {
  if (!NAMED.test(text)) return null
  const parts = text.split(':').length
  const isWhole = text === ENGINE_SCOPE || (text.startsWith('fleet:') ? parts === 2 : parts > 2)
  return isWhole ? (text as Scope) : null
}
