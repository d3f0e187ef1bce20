import { DEFAULT_THRESHOLDS } from '#lib/telemetry/thresholds.ts'

/** A change that waits longer than this on a device wants a look: a fleet's limit, since a device has many collections. */
export const PENDING_WARN_MS = DEFAULT_THRESHOLDS.oldestWarnMs
