/** Why a backup or a restore did not happen; the message says what a person can do. Nothing was written. */
export class BackupError extends Error {
  readonly code:
    | 'file_exists'
    | 'not_written'
    | 'not_a_backup'
    | 'damaged'
    | 'truncated'
    | 'other_secret'
    | 'newer_format'
    | 'newer_schema'
    | 'target_newer'
    | 'target_not_empty'
    | 'target_in_use'
    | 'other_restore'
    | 'epoch_too_low'

  constructor(code: BackupError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BackupError'
    this.code = code
  }
}
