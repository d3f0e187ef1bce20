import type { getSession } from '#lib/application/sessions/get-session.ts'
import type { listSessions } from '#lib/application/sessions/list-sessions.ts'

/** Rows as the verbs answer them. */
export type SessionRow = Awaited<ReturnType<typeof listSessions>>['items'][number]
export type SessionDetail = Awaited<ReturnType<typeof getSession>>
