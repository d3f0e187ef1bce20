import type { Access, EnrollmentKey, Storage } from '../ports.ts'
import { postgresAccess } from './access.ts'
import { postgresAudit } from './audit.ts'
import { postgresAlerts } from './alerts.ts'
import { postgresBreakers } from './breakers.ts'
import { postgresCollections } from './collections.ts'
import { postgresConflicts } from './conflicts.ts'
import type { DatabaseOptions } from './database.ts'
import { Database } from './database.ts'
import { postgresDeadLetters } from './dead-letters.ts'
import { postgresDeadTokens } from './dead-tokens.ts'
import { postgresDevices } from './devices.ts'
import { postgresFleetKeys } from './fleet-keys.ts'
import { postgresFleets } from './fleets.ts'
import { postgresIngest } from './ingest.ts'
import { postgresInvitations } from './invitations.ts'
import { postgresLetterGroups } from './letter-groups.ts'
import { postgresMaintenance } from './maintenance.ts'
import { postgresNotifications } from './notifications.ts'
import { postgresOperations } from './operations.ts'
import { postgresReleases } from './releases.ts'
import { postgresRestores } from './restores.ts'
import { postgresReviews } from './reviews.ts'
import { postgresSamples } from './samples.ts'
import { postgresSessions } from './sessions.ts'
import { postgresSettings } from './settings.ts'
import { postgresSignals } from './signals.ts'
import { postgresSync } from './sync.ts'
import { postgresTelemetry } from './telemetry.ts'
import { fromJson, jsonText } from './values.ts'
import { postgresLab } from './lab.ts'
import { postgresViews } from './views.ts'

/**
 * The ports on PostgreSQL, whose migrations must be applied. Throws StorageUnavailable when it cannot be reached.
 * The login must be allowed to take the role `tidemark_runtime`.
 * @param directUrl the same database past a transaction-mode pooler, for LISTEN
 */
export async function openPostgresStorage(
  options: DatabaseOptions,
  directUrl: string = options.url,
): Promise<Storage> {
  const database = new Database(options)
  const ping = async (): Promise<void> => {
    await database.inGlobal((send) => send({ name: 'ping', text: 'SELECT 1' }, []))
  }
  try {
    await ping()
  } catch (error) {
    await database.close()
    throw error
  }
  const signals = postgresSignals(database, directUrl)
  return {
    fleets: postgresFleets(database),
    collections: postgresCollections(database),
    devices: postgresDevices(database),
    deadTokens: postgresDeadTokens(database),
    enrollmentKeys: postgresFleetKeys<EnrollmentKey>(database, {
      table: 'enrollment_key',
      columns: ['access', 'max_devices', 'devices'],
      write: ({ access, maxDevices }) => ({ access: jsonText(access), max_devices: maxDevices }),
      read: (key, row) => ({
        ...key,
        access: fromJson<Access>(row['access']),
        maxDevices: row['max_devices'] as number | null,
        devices: row['devices'] as number,
      }),
    }),
    ingest: postgresIngest(database),
    releases: postgresReleases(database),
    restores: postgresRestores(database),
    reviews: postgresReviews(database),
    samples: postgresSamples(database),
    views: postgresViews(database),
    lab: postgresLab(database),
    sync: postgresSync(database),
    sessions: postgresSessions(database),
    conflicts: postgresConflicts(database),
    deadLetters: postgresDeadLetters(database),
    letterGroups: postgresLetterGroups(database),
    operations: postgresOperations(database),
    telemetry: postgresTelemetry(database),
    access: postgresAccess(database),
    invitations: postgresInvitations(database),
    audit: postgresAudit(database),
    maintenance: postgresMaintenance(database),
    settings: postgresSettings(database),
    breakers: postgresBreakers(database),
    alerts: postgresAlerts(database),
    notifications: postgresNotifications(database),
    signals,
    ping,
    close: async () => {
      await signals.close()
      await database.close()
    },
  }
}
