/** How the console speaks of session states. A full Record: a new state doesn't compile until it has its words. */
import type { StatusKind } from '#components/ui/status.tsx'
import type { SessionState } from '#lib/engine/session-machine.ts'

/** `status` only where the state says something about health; `says` stands in the list form. */
type StateWords = { short: string; says: string; status: StatusKind | null }

export const STATE_WORDS: Record<SessionState, StateWords> = {
  idle: { short: 'idle', says: 'in sync, or waiting to start', status: null },
  scanning: { short: 'scan', says: 'looks for local changes', status: null },
  pushing: { short: 'push', says: 'sends changes', status: null },
  pulling: { short: 'pull', says: 'fetches changes', status: null },
  resolving: { short: 'resolve', says: 'settles conflicts', status: null },
  committing: { short: 'commit', says: 'writes to its store', status: null },
  resyncing: { short: 'resync', says: 'full sync', status: null },
  backoff: { short: 'backoff', says: 'failed, tries again', status: null },
  shed: { short: 'shed', says: 'told to wait by the server', status: 'held' },
  offline: { short: 'offline', says: 'no network, or silent', status: null },
  halted: { short: 'halted', says: 'needs a person', status: 'warn' },
}

/** In the order of the picture. */
export const STATE_ORDER = Object.keys(STATE_WORDS) as SessionState[]
