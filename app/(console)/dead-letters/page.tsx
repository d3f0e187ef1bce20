import type { Metadata } from 'next'
import { keptPage } from '../kept-page.tsx'
import { LIST, loadList, type PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { DeadLettersBoard } from './dead-letters-board.tsx'

export const metadata: Metadata = { title: 'Dead letters · Tidemark' }

/** What failed for good, and what is one cause? */
async function DeadLettersPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([visit('/dead-letters', searchParams, LIST), loadList(searchParams)])
  return <DeadLettersBoard at={at} params={params} asked={null} />
}

export default keptPage(DeadLettersPage)
