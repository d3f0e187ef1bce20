import type { Storage } from '../ports.ts'
import { memoryAlerts } from './alerts.ts'
import { memoryAccess } from './access.ts'
import { memoryAudit } from './audit.ts'
import { memorySeal } from './audit-seal.ts'
import { memoryBreakers } from './breakers.ts'
import { memoryCollections } from './collections.ts'
import { memoryConflicts } from './conflicts.ts'
import { memoryDeadLetters } from './dead-letters.ts'
import { memoryDeadTokens } from './dead-tokens.ts'
import { memoryDevices } from './devices.ts'
import { memoryFleetKeys } from './fleet-keys.ts'
import { memoryFleets } from './fleets.ts'
import { memoryIngest } from './ingest.ts'
import { memoryInvitations } from './invitations.ts'
import { memoryLetterGroups } from './letter-groups.ts'
import { memoryMaintenance } from './maintenance.ts'
import { memoryNotifications } from './notifications.ts'
import { memoryOperations } from './operations.ts'
import { memoryReleases } from './releases.ts'
import { memorySamples } from './samples.ts'
import { memoryRestores } from './restores.ts'
import { memoryReviews } from './reviews.ts'
import { memorySessions } from './sessions.ts'
import { memorySettings } from './settings.ts'
import { memorySignals } from './signals.ts'
import { MemoryState } from './state.ts'
import { memoryLab } from './lab.ts'
import { memoryViews } from './views.ts'
import { memorySync } from './sync.ts'
import { memoryTelemetry } from './telemetry.ts'

/**
 * The ports in this process's memory, for simulation and tests. Transactions of a fleet run one after the other.
 * @param nowMs commit time of telemetry events, Unix ms
 * @param secret what the audit chain's key comes from
 */
export const openMemoryStorage = ({
  nowMs = Date.now,
  secret,
}: { nowMs?: () => number; secret?: Uint8Array } = {}): Storage =>
  memoryStorageOver(new MemoryState(nowMs, memorySeal(secret)))

/** The ports over rows that someone else holds too, as a database outlives the processes that use it. */
export function memoryStorageOver(state: MemoryState): Storage {
  return {
    fleets: memoryFleets(state),
    collections: memoryCollections(state),
    devices: memoryDevices(state),
    deadTokens: memoryDeadTokens(state),
    enrollmentKeys: memoryFleetKeys(state, (tables) => tables.enrollmentKeys),
    ingest: memoryIngest(state),
    releases: memoryReleases(state),
    restores: memoryRestores(state),
    reviews: memoryReviews(state),
    samples: memorySamples(state),
    views: memoryViews(state),
    lab: memoryLab(state),
    sync: memorySync(state),
    sessions: memorySessions(state),
    conflicts: memoryConflicts(state),
    deadLetters: memoryDeadLetters(state),
    letterGroups: memoryLetterGroups(state),
    operations: memoryOperations(state),
    telemetry: memoryTelemetry(state),
    access: memoryAccess(state),
    invitations: memoryInvitations(state),
    audit: memoryAudit(state),
    maintenance: memoryMaintenance(state),
    settings: memorySettings(state),
    breakers: memoryBreakers(state),
    alerts: memoryAlerts(state),
    notifications: memoryNotifications(state),
    signals: memorySignals(state),
    ping: async () => undefined,
    close: async () => undefined,
  }
}
