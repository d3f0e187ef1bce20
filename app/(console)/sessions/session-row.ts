import type { getSession } from '#lib/application/sessions/get-session.ts'

/** Rows as the verbs answer them. */
export type SessionRow = SessionDetail['session']
export type SessionDetail = Awaited<ReturnType<typeof getSession>>
