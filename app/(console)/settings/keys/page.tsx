import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { Pager } from '#components/table/pager.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { listApiKeys } from '#lib/application/access/api-keys.ts'
import { roleEverywhere, strongestRole } from '#lib/application/access/authorize.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { pageAfter } from '../page-after.ts'
import { scopeChoices } from '../role-words.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { NewOperatorKey } from './new-operator-key.tsx'
import { operatorKeyColumns } from './operator-key-columns.tsx'
import { operatorKeysSentence } from './operator-key-words.ts'
import { KEYS, loadKeys } from './search-params.ts'

export const metadata: Metadata = { title: 'Operator keys · Tidemark' }

/** Which programs come in here, and when do their keys end? */
async function KeysPage({ searchParams }: PageProps) {
  const [at, { cursor }] = await Promise.all([
    visit('/settings/keys', searchParams, KEYS),
    loadKeys(searchParams),
  ])
  const { actor, fleets, nowMs } = at
  const role = strongestRole(actor)
  if (role !== 'admin') {
    return (
      <SettingsFrame at={at} part="keys" sentence="Programs come in by keys">
        <ForbiddenState title="You cannot see operator keys" role={role ?? 'none'} needs="admin" />
      </SettingsFrame>
    )
  }
  const everywhere = roleEverywhere(actor) === 'admin'
  const keys = await listApiKeys(at.ctx, { actor })
  const { items, next } = pageAfter(keys, cursor)
  return (
    <SettingsFrame
      at={at}
      part="keys"
      sentence={operatorKeysSentence(keys, nowMs)}
      evidence="A key’s text is shown once, when it is made. One that is past its end is refused, and stays in this list."
      actions={<NewOperatorKey scopes={scopeChoices(fleets, everywhere)} />}
    >
      <DataTable
        label="Operator keys"
        columns={operatorKeyColumns(fleets, nowMs)}
        rows={items}
        rowKey={({ id }) => id}
        empty={
          <EmptyState
            title="No keys yet"
            detail="Make a key for Prometheus, a script or another tool; it takes the place of a person’s sign-in."
          />
        }
      />
      {items.length === 0 ? null : (
        <Pager place={{ path: at.path, query: at.query }} shown={items.length} nextCursor={next} />
      )}
    </SettingsFrame>
  )
}

export default keptPage(KeysPage)
