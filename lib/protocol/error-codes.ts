/**
 * Every stable error code of the HTTP APIs: its status and what the caller should do.
 * Documentation is generated from here; add, never rename.
 */
export const ERROR_CODES = {
  bad_request: {
    status: 400,
    title: 'The request is not valid',
    help: 'Compare the request with the contract, /api/openapi.json of the device API or /api/admin/openapi.json of the operator API; `errors` names the places.',
  },
  malformed_request: {
    status: 400,
    title: 'This is no HTTP request',
    help: 'Look at what lies between: a proxy, or a client that is no HTTP client.',
  },
  malformed_json: { status: 400, title: 'The body is not JSON', help: 'Send one JSON document in UTF-8.' },
  too_deep: {
    status: 400,
    title: 'The JSON is nested too deeply or has too many keys',
    help: 'Stay within 32 levels and 1,000 keys per object.',
  },
  too_many_mutations: {
    status: 400,
    title: 'More than 500 mutations',
    help: 'Split the push; the SDK halves its batch.',
  },
  token_invalid: {
    status: 400,
    title: 'The sync token is not one of ours',
    help: 'Pull without a token: a full sync keeps unsynced work.',
  },
  unauthorized: {
    status: 401,
    title: 'No valid credential',
    help: 'Send `Authorization: Bearer` with a live token.',
  },
  device_revoked: {
    status: 401,
    title: 'This device was revoked',
    help: 'Enroll again with a key from the console.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed for this role or scope',
    help: 'Ask an administrator of the fleet.',
  },
  sign_in_again: {
    status: 403,
    title: 'This takes a sign-in of the last 30 minutes',
    help: 'Show again who you are, POST /account/step-up or a new sign-in, then repeat the call; nothing of it happened.',
  },
  wrong_password: {
    status: 403,
    title: 'This is not your password',
    help: 'Type it again; after ten wrong ones wait a quarter of an hour.',
  },
  bad_origin: {
    status: 403,
    title: 'The request came from another origin',
    help: 'Use the console itself, or an API key.',
  },
  device_paused: {
    status: 403,
    title: 'This device is paused',
    help: 'Wait for Retry-After; an operator can resume it.',
  },
  collection_forbidden: {
    status: 403,
    title: 'The credential does not cover this collection',
    help: 'Use an enrollment key that covers it.',
  },
  not_found: { status: 404, title: 'No such thing here', help: 'Check the id and the fleet.' },
  method_not_allowed: { status: 405, title: 'Not with this method', help: 'See `Allow`.' },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    help: 'Send it again, or less at once.',
  },
  atomic_aborted: {
    status: 409,
    title: 'The atomic push had no effect',
    help: '`results` names each culprit. Wait for Retry-After where there is one; without it the same again has no effect either.',
  },
  device_forked: {
    status: 409,
    title: 'Two devices use one identity',
    help: 'Re-enroll with formerDeviceId and formerToken.',
  },
  epoch_changed: { status: 409, title: 'The fleet was restored', help: 'Sync fully, then push again.' },
  device_id_taken: {
    status: 409,
    title: 'This device id is in use',
    help: 'Make a new device id, or repeat the same requestId.',
  },
  stale_version: {
    status: 409,
    title: 'Someone changed it meanwhile',
    help: 'Read it again and repeat the change.',
  },
  already_exists: { status: 409, title: 'A thing of that name exists', help: 'Choose another name.' },
  conflicts_open: {
    status: 409,
    title: 'Open conflicts wait in this collection',
    help: 'Decide them first: nobody could any more once it is removed.',
  },
  devices_enrolled: {
    status: 409,
    title: 'Devices are enrolled in this fleet',
    help: 'Revoke them first: what they still hold would have nowhere to go.',
  },
  too_many_commands: {
    status: 409,
    title: 'Too many commands wait for this device',
    help: 'Wait until it acknowledges some, or until they expire.',
  },
  not_replayable: {
    status: 409,
    title: 'This dead letter is closed',
    help: 'Only an open dead letter can be replayed or discarded.',
  },
  not_restorable: {
    status: 409,
    title: 'This dead letter cannot be restored',
    help: 'Only one that was discarded in the last 30 days can be.',
  },
  not_purgeable: {
    status: 409,
    title: 'This dead letter waits for a decision',
    help: 'Only one that was replayed or discarded can be purged.',
  },
  filter_required: {
    status: 400,
    title: 'This would take every dead letter',
    help: 'Name a filter; or send `allowAll` with `count`, the number of letters that there are.',
  },
  count_changed: {
    status: 409,
    title: 'It takes another number than was confirmed',
    help: '`matched` says how many letters or devices it takes now; look at them again, then send that number.',
  },
  operation_state: {
    status: 409,
    title: 'The operation is in no state for this',
    help: '`state` says where it stands; GET /operations/ID lists what it takes in `actions`.',
  },
  incident_resolved: {
    status: 409,
    title: 'The incident is resolved',
    help: 'Nothing fires in it any more; what fires again is another incident.',
  },
  silence_over: {
    status: 409,
    title: 'The silence is over',
    help: 'It holds nothing any more: make another one.',
  },
  device_is_revoked: {
    status: 409,
    title: 'This device is revoked',
    help: 'It has to be enrolled again; a revoked device takes no commands.',
  },
  override_state: {
    status: 409,
    title: 'The override is not at a point where that can be done',
    help: 'Look at the breaker again: what waits lapses after 15 minutes, and another command may have taken its place.',
  },
  second_person_needed: {
    status: 403,
    title: 'Another person has to approve this',
    help: 'Ask somebody else with the same role. In an emergency ask again with `breakGlass`, which is marked in the audit log.',
  },
  gone: { status: 410, title: 'This link was used or has expired', help: 'Make a new one.' },
  token_expired: {
    status: 410,
    title: 'The sync token has expired',
    help: 'Pull without a token; unsynced work is kept.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than 1 MiB',
    help: 'Send less at once; the SDK halves its batch.',
  },
  atomic_too_large: {
    status: 413,
    title:
      'This atomic push changes, or is answered with, more than 8 MiB of records, or takes longer than a push may',
    help: 'Nothing of it happened, and the same again would not either. Make it of fewer changes.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Not application/json',
    help: 'Set Content-Type: application/json.',
  },
  request_id_reused: {
    status: 422,
    title: 'This id was used for another request',
    help: 'Make a new request id for a new request.',
  },
  resolution_refused: {
    status: 422,
    title: 'The resolution does not fit the collection',
    help: '`detail` says what is wrong with the document; nothing was changed.',
  },
  schema_refused: {
    status: 422,
    title: 'The schema cannot be published',
    help: '`errors` names the places.',
  },
  rules_refused: {
    status: 422,
    title: 'A rule or an up-migration cannot be published',
    help: '`errors` names the places.',
  },
  app_version_refused: {
    status: 426,
    title: 'This app version is no longer served',
    help: 'Update the app.',
  },
  rate_limited: { status: 429, title: 'Too many requests', help: 'Wait for Retry-After.' },
  internal: {
    status: 500,
    title: 'An error on our side',
    help: 'Try again; give the request id to your operator.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are larger than 64 KiB',
    help: 'Send shorter ones; a pull needs no `collections` when it asks for all.',
  },
  breaker_open: { status: 503, title: 'The circuit breaker is open', help: 'Wait for Retry-After.' },
  shed: { status: 503, title: 'The server is overloaded', help: 'Wait for Retry-After.' },
  provider_unavailable: {
    status: 503,
    title: 'The sign-in provider does not answer',
    help: 'Try again in a minute, or sign in by password; the server’s log says what was wrong.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database cannot be reached',
    help: 'Wait for Retry-After; nothing was lost.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** Why a mutation can never apply as it is. */
export const DEAD_LETTER_CODES = [
  'schema_mismatch',
  'schema_ahead',
  'rule_violation',
  'authority_refused',
  'unknown_collection',
  'too_large',
  'parent_dead_lettered',
  'underivable',
  'exhausted',
] as const
export type DeadLetterCode = (typeof DEAD_LETTER_CODES)[number]

/** Why a mutation had no effect and is not remembered. */
export const REFUSED_CODES = [
  'clock_out_of_bounds',
  'mutation_id_reused',
  'foreign_actor',
  'unknown_field',
  'parent_refused',
  'unknown_conflict',
] as const
export type RefusedCode = (typeof REFUSED_CODES)[number]

export const RETRY_CODES = ['authority_unavailable', 'contention', 'parent_retry', 'push_full'] as const
export type RetryCode = (typeof RETRY_CODES)[number]

/** What each code of a single mutation means; documentation is generated from here. */
export const MUTATION_CODE_HELP = {
  schema_mismatch: 'The document that would result breaks the collection’s schema.',
  schema_ahead:
    'It was made under a schema version that is not published yet; it runs again by itself when it is.',
  rule_violation: 'The document breaks a business rule of the collection.',
  authority_refused: 'The system behind the collection said no.',
  unknown_collection: 'The fleet has no collection of this name.',
  too_large:
    'The mutation is larger than 256 KiB, or would make its record larger than one may be: 4 MiB, or 1 Mi characters of CRDT states.',
  parent_dead_lettered: 'It was made on a change (`after`) that is a dead letter or was discarded.',
  underivable: 'The document that it changes cannot be derived.',
  exhausted:
    'It was tried too many times: its authority was never there, or no stamp of its clock was within bounds.',
  clock_out_of_bounds:
    'Its stamp is too far ahead of the server; reset the clock to `serverHlc`, stamp and send it again.',
  mutation_id_reused: 'This id was used with another payload.',
  foreign_actor: 'It names another device than the one that sent it.',
  unknown_field: 'It has a field that the contract does not name.',
  parent_refused: 'The change that it was made on was refused.',
  unknown_conflict: 'It resolves a conflict that this record does not have.',
  authority_unavailable: 'The system behind the collection did not answer.',
  contention: 'Too many writers at once.',
  parent_retry: 'The change that it was made on has to be sent again first.',
  push_full:
    'The changes before it took all that one push may handle: 8 MiB of records, or 10,000 operations of the log of OT; send it again at once: each time some of it is taken.',
} as const satisfies Record<DeadLetterCode | RefusedCode | RetryCode, string>
