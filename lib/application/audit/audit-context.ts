import type { AccessContext } from '../access/context.ts'

/** What the verbs of the audit log need. */
export type AuditContext = AccessContext
