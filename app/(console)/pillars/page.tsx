import { redirect } from 'next/navigation'
import { carryShared } from '#components/ui/search-params.ts'
import { queryText, type PageProps } from '../search-params.ts'

/** The first of the four, in the same fleet and time. */
export default async function PillarsPage({ searchParams }: PageProps) {
  redirect(carryShared('/pillars/lag', await queryText(searchParams)))
}
