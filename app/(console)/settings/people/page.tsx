import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { FilterBar } from '#components/table/filter-bar.tsx'
import { Pager } from '#components/table/pager.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { roleEverywhere, strongestRole } from '#lib/application/access/authorize.ts'
import { listInvitations } from '#lib/application/access/list-invitations.ts'
import { listPeople } from '#lib/application/access/list-people.ts'
import { keptPage } from '../../kept-page.tsx'
import { wordsProblem } from '../../list-filter.ts'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { pageAfter } from '../page-after.ts'
import { scopeChoices } from '../role-words.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { InvitationsPart } from './invitations-part.tsx'
import { InviteForm } from './invite-form.tsx'
import { openText, peopleSentence } from './people-words.ts'
import { personColumns } from './person-columns.tsx'
import { loadPeople, PEOPLE } from './search-params.ts'

export const metadata: Metadata = { title: 'People · Tidemark' }

/** Who comes in here, and what may they do? */
async function PeoplePage({ searchParams }: PageProps) {
  const [at, { q, cursor }] = await Promise.all([
    visit('/settings/people', searchParams, PEOPLE),
    loadPeople(searchParams),
  ])
  const { actor, ctx, nowMs, fleets, origin } = at
  const role = strongestRole(actor)
  if (role !== 'admin') {
    return (
      <SettingsFrame at={at} part="people" sentence="People come in by invitation">
        <ForbiddenState title="You cannot see who else comes in here" role={role ?? 'none'} needs="admin" />
      </SettingsFrame>
    )
  }
  const problem = wordsProblem(q)
  const [people, invitations] = await Promise.all([
    problem === null ? listPeople(ctx, { actor, words: q }) : [],
    listInvitations(ctx, { actor }),
  ])
  const everywhere = roleEverywhere(actor) === 'admin'
  const scopes = scopeChoices(fleets, everywhere)
  const { items, next } = pageAfter(people, cursor)
  return (
    <SettingsFrame
      at={at}
      part="people"
      sentence={problem ?? peopleSentence(people, q)}
      evidence={`A change holds from the next request on. ${openText(invitations)}.`}
      actions={<InviteForm scopes={scopes} origin={origin} />}
    >
      <FilterBar label="Search people" keys={[]} filter={problem === null ? [] : null} />
      <DataTable
        label="People"
        columns={personColumns({ actorId: actor.id, fleets, nowMs, scopes, everywhere, origin })}
        rows={items}
        rowKey={({ id }) => id}
        empty={
          <EmptyState
            title={q === '' ? 'Nobody has a role in your fleets yet' : 'Nobody matches this search'}
            detail="Invite somebody: they make their account by a link."
          />
        }
      />
      {items.length === 0 ? null : (
        <Pager place={{ path: at.path, query: at.query }} shown={items.length} nextCursor={next} />
      )}
      <InvitationsPart invitations={invitations} fleets={fleets} nowMs={nowMs} origin={origin} />
    </SettingsFrame>
  )
}

export default keptPage(PeoplePage)
