/** Why a database cannot be migrated, or served from; the message says what a person can do. */
export class MigrationError extends Error {
  readonly code: 'postgres_too_old' | 'migration_changed' | 'migration_failed' | 'restore_unfinished'

  constructor(code: MigrationError['code'], message: string) {
    super(message)
    this.name = 'MigrationError'
    this.code = code
  }
}
