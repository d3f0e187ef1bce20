import type { Metadata } from 'next'
import { getDeadLetter } from '#lib/application/dead-letters/get-dead-letter.ts'
import { keptPage } from '../../kept-page.tsx'
import { LIST, loadList, type ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { DeadLettersBoard } from '../dead-letters-board.tsx'

export const metadata: Metadata = { title: 'Dead letter · Tidemark' }

/** One dead letter, beside the others of its cause. */
async function DeadLetterPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const [at, loaded] = await Promise.all([
    visit(`/dead-letters/${id}`, searchParams, LIST),
    loadList(searchParams),
  ])
  const asked = await orNotFound(getDeadLetter(at.ctx, { actor: at.actor, fleetId: at.fleet.id, id }))
  return <DeadLettersBoard at={at} params={loaded} asked={asked} />
}

export default keptPage(DeadLetterPage)
