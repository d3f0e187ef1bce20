import { StorageContention, StorageUnavailable } from '../ports.ts'

/** serialization_failure, deadlock_detected */
const CONTENTION = new Set(['40001', '40P01'])
const IN_FAILED_TRANSACTION = '25P02'
const CHECK_VIOLATION = '23514'
const UNIQUE_VIOLATION = '23505'
/** The log's key: a mutation's id. */
const MUTATION_ID = 'change_log_pkey'
const LOCK_NOT_AVAILABLE = '55P03'
/** query_canceled by statement_timeout, admin_shutdown, crash_shutdown, cannot_connect_now, read-only standby, idle in transaction for too long */
const UNAVAILABLE = new Set(['57014', '57P01', '57P02', '57P03', '25006', '25P03'])
/** connection exceptions, insufficient resources (disk, memory, connections), system errors */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '58'])
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** Prisma's own: no connection, or no transaction, in time. */
const UNAVAILABLE_IN_PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'])
/** Its adapter's, which name no code of the network; a raw statement fails with `P2010` around it, BEGIN with it alone. */
const UNAVAILABLE_IN_ADAPTER = new Set(['ConnectionClosed', 'DatabaseNotReachable', 'SocketTimeout'])
/** pg gives these no code. */
const NETWORK_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|not queryable|connection error|query read timeout/i

/** What the application knows of a failure: unavailable, contention, or the error itself. */
export function storageError(error: unknown): unknown {
  if (error instanceof StorageContention) return error
  const code = sqlState(error)
  if (code === LOCK_NOT_AVAILABLE) return lockTimeout(error, null)
  if (code !== null && (CONTENTION.has(code) || isLateForPartition(code, error) || isTakenId(code, error)))
    return new StorageContention(messageOf(error), { cause: error })
  return isUnavailable(error, code) ? new StorageUnavailable(messageOf(error), { cause: error }) : error
}

/** Its day's partition was made between plan and write: the next try meets it. */
const isLateForPartition = (code: string, error: unknown): boolean =>
  code === CHECK_VIOLATION && messageOf(error).includes('violates partition constraint')

/**
 * Another process committed the same mutation id between load and write, of another device and in another collection, so
 * that no lock of theirs met: the next try finds it (ID1).
 */
function isTakenId(code: string, error: unknown): boolean {
  if (code !== UNIQUE_VIOLATION) return false
  for (const { constraint } of within(error))
    if (constraint === MUTATION_ID || (isObject(constraint) && constraint['index'] === MUTATION_ID))
      return true
  return false
}

export const isContention = (error: unknown): boolean => error instanceof StorageContention

export const isLockTimeout = (error: unknown): boolean => sqlState(error) === LOCK_NOT_AVAILABLE

/** True for a statement that did not run since one before it had failed: it tells nothing of why. */
export const isOfFailedTransaction = (error: unknown): boolean => sqlState(error) === IN_FAILED_TRANSACTION

/** A lock that could not be had in time; `collection` when it was the lock of its stream. */
export const lockTimeout = (error: unknown, collection: string | null): StorageContention =>
  new StorageContention(messageOf(error), { cause: error, lockTimeout: { collection } })

/** The SQLSTATE, from pg itself or from Prisma. */
export function sqlState(error: unknown): string | null {
  for (const { originalCode, code } of within(error)) {
    if (typeof originalCode === 'string') return originalCode
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code)) return code
    if (typeof code === 'string' && NETWORK.has(code)) return code
  }
  return null
}

/** The error and what it stands for: Prisma puts that under `meta.driverAdapterError.cause`. */
function* within(error: unknown): Iterable<Record<string, unknown>> {
  for (let e: unknown = error, depth = 0; isObject(e) && depth < 5; depth++) {
    yield e
    const meta = e['meta']
    e = isObject(meta) ? meta['driverAdapterError'] : e['cause']
  }
}

function isUnavailable(error: unknown, code: string | null): boolean {
  for (const { code: own, kind } of within(error))
    if (UNAVAILABLE_IN_PRISMA.has(String(own)) || UNAVAILABLE_IN_ADAPTER.has(String(kind))) return true
  if (code === null) return NETWORK_MESSAGES.test(messageOf(error))
  return UNAVAILABLE.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2)) || NETWORK.has(code)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
