/**
 * The states of the session state machine (SM1), in the order of the picture. Apart from the schemas, so
 * that the SDK's bundle has the states without a schema library.
 */
export const SESSION_STATES = [
  'idle',
  'scanning',
  'pushing',
  'pulling',
  'resolving',
  'committing',
  'resyncing',
  'backoff',
  'shed',
  'offline',
  'halted',
] as const
export type SessionState = (typeof SESSION_STATES)[number]
