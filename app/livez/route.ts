import { livez } from '#lib/http/health.ts'

export const dynamic = 'force-dynamic'
/** Without the composed application: a process whose database is away is alive still. */
export const GET = livez
