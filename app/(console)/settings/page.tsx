import { redirect } from 'next/navigation'
import { carryShared } from '#components/ui/search-params.ts'
import { queryText, type PageProps } from '../search-params.ts'

/** Settings begin with their first part. */
export default async function SettingsPage({ searchParams }: PageProps) {
  redirect(carryShared('/settings/fleets', await queryText(searchParams)))
}
