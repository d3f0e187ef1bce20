import { mounted } from '#app/mounted.ts'

export const dynamic = 'force-dynamic'
export { mounted as GET }
