/** Why the embedded PostgreSQL cannot run; the message says what a person can do. */
export type EmbeddedErrorCode =
  | 'data_dir_in_use'
  | 'data_dir_unreachable'
  | 'platform_unsupported'
  | 'initdb_failed'
  | 'start_failed'

export class EmbeddedError extends Error {
  readonly code: EmbeddedErrorCode

  constructor(code: EmbeddedErrorCode, message: string) {
    super(message)
    this.name = 'EmbeddedError'
    this.code = code
  }
}
