import type { Metadata } from 'next'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { AuditBoard } from '../audit-board.tsx'

export const metadata: Metadata = { title: 'Audit of all fleets · Tidemark' }

/** Who did what, in whichever fleet or in none? */
async function AuditOfAllPage({ searchParams }: PageProps) {
  return <AuditBoard part="all" search={searchParams} />
}

export default keptPage(AuditOfAllPage)
