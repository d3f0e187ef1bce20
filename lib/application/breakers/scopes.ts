/** BR5: what a breaker guards, as it is named on the wire and in metrics. No part holds a colon. */
export type Scope =
  'engine' | `fleet:${string}` | `collection:${string}:${string}` | `backend:${string}:${string}`

/** The server with its database, for every fleet. */
export const ENGINE_SCOPE: Scope = 'engine'
export const fleetScope = (fleetId: string): Scope => `fleet:${fleetId}`
export const collectionScope = (fleetId: string, collection: string): Scope =>
  `collection:${fleetId}:${collection}`
/** The fleet's own authority behind a collection. */
export const backendScope = (fleetId: string, collection: string): Scope => `backend:${fleetId}:${collection}`

/** The scopes that a storage failure counts for (BR2). */
export const isWide = (scope: Scope): boolean => scope === ENGINE_SCOPE || scope.startsWith('fleet:')

/** Whose scope it is; null for the engine's, which is everybody's. */
export const fleetOfScope = (scope: string): string | null => scope.split(':')[1] ?? null

/** The collection of a collection's or backend's scope. */
export const collectionOfScope = (scope: Scope): string | null => scope.split(':')[2] ?? null
