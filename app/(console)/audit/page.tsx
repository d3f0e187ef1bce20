import type { Metadata } from 'next'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { AuditBoard } from './audit-board.tsx'

export const metadata: Metadata = { title: 'Audit · Tidemark' }

/** Who did what here? */
async function AuditPage({ searchParams }: PageProps) {
  return <AuditBoard part="fleet" search={searchParams} />
}

export default keptPage(AuditPage)
