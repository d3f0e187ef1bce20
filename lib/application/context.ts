import type { Role } from '#lib/storage/ports.ts'
import type { AlertRounds } from './alerts/alert-rounds.ts'
import type { Breakers } from './breakers/breakers.ts'
import type { BreakerJournal } from './breakers/journal.ts'
import type { Overrides } from './breakers/overrides.ts'
import type { Contacts } from './devices/contacts.ts'
import type { DeviceDirectory } from './devices/directory.ts'
import type { LoadBound } from './load-bound.ts'
import type { RateLimiter } from './rate-limits.ts'
import type { RequestCounter } from './request-counter.ts'
import type { Surroundings } from './surroundings.ts'
import type { Measurements } from './reviews/measurements.ts'
import type { AskingBound } from './sync/asking-bound.ts'
import type { IngestBound } from './ingest/ingest-bound.ts'
import type { GroupCommit } from './sync/group-commit.ts'
import type { Pokes } from './sync/pokes.ts'
import type { SharedPages } from './sync/shared-pages.ts'
import type { ShownPositions } from './sync/shown-positions.ts'
import type { ShownTokens } from './sync/shown-tokens.ts'
import type { StreamHeads } from './sync/stream-heads.ts'

export type { Role } from '#lib/storage/ports.ts'
export type { Clock, Log, LogFields, Surroundings } from './surroundings.ts'

/** First argument of every verb. All but the surroundings are this process's own memory: caches and queues, never the truth. */
export interface Context extends Surroundings {
  readonly groupCommit: GroupCommit
  readonly directory: DeviceDirectory
  readonly contacts: Contacts
  readonly heads: StreamHeads
  readonly pages: SharedPages
  readonly pokes: Pokes
  readonly shownPositions: ShownPositions
  readonly shownTokens: ShownTokens
  readonly requests: RequestCounter
  readonly asking: AskingBound
  readonly breakers: Breakers
  readonly journal: BreakerJournal
  readonly overrides: Overrides
  readonly load: LoadBound
  readonly rateLimiter: RateLimiter
  readonly ingesting: IngestBound
  readonly alertRounds: AlertRounds
  readonly measurements: Measurements
}

/** Who acts. A device has no roles; `system` is the server itself. Roles by fleet id, or `*`. */
export interface Actor {
  readonly kind: 'user' | 'key' | 'device' | 'system'
  readonly id: string
  readonly name: string
  readonly roles: Readonly<Record<string, Role>>
  /** Where this call of theirs came from, for the audit log; absent where nobody called from anywhere. */
  readonly address?: string | null
  /** Of a key that ends, Unix ms: no key that it makes ends later. */
  readonly endsAtMs?: number | null
}
