import type { Metadata } from 'next'
import { capitalised, formatCount } from '#components/ui/format.ts'
import { LinkButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { parseDeviceCursor } from '#lib/application/devices/device-cursor.ts'
import { deviceFacets, listDevices } from '#lib/application/devices/list-devices.ts'
import type { FacetCounts } from '#lib/query/facets.ts'
import { DEVICE_FACET_ROWS_MAX, DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { facetGroups } from '../facet-groups.ts'
import { ListFrame } from '../list-frame.tsx'
import { keptPage } from '../kept-page.tsx'
import { readViews } from '../read-views.ts'
import { listFilter } from '../list-filter.ts'
import { exportHrefs, listUrl } from '../list-url.ts'
import type { PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { deviceViews } from '#lib/application/devices/device-views.ts'
import { devicesListSentence } from './device-words.ts'
import { DevicesActions } from './devices-actions.tsx'
import { DevicesList } from './devices-list.tsx'
import { DEVICES, loadDevices } from './search-params.ts'
import { SORT_WORDS } from './sort-words.ts'

export const metadata: Metadata = { title: 'Devices · Tidemark' }

const FACET_WORDS = {
  state: 'State',
  version: 'Version',
  platform: 'Platform',
  source: 'Engine',
  connectivity: 'Connectivity',
} as const
const NOT_COUNTED: FacetCounts = { facets: [], matching: 0, capped: false }

const OTHER_ORDER = 'cursor (it is a page of another order)'
const NOTHING = { items: [], nextCursor: null } as const

/** Who? */
async function DevicesPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([
    visit('/devices', searchParams, DEVICES),
    loadDevices(searchParams),
  ])
  const { filter, problem } = listFilter(params.q, DEVICE_FIELDS)
  const { q, sort } = params
  // A page of another order than the address names is no page of this list.
  const isOfOrder = params.cursor !== null && parseDeviceCursor(params.cursor)?.sort === sort
  const query = { q, sort, cursor: isOfOrder ? params.cursor : undefined }
  const who = { actor: at.actor, fleetId: at.fleet.id }
  const [{ items, nextCursor }, counts] =
    problem === null
      ? await Promise.all([
          listDevices(at.ctx, { ...who, query }),
          deviceFacets(at.ctx, { ...who, query: { q } }),
        ])
      : [NOTHING, NOT_COUNTED]
  const scope = {
    q: params.q,
    more: nextCursor !== null,
    later: isOfOrder,
    ...(counts.capped ? {} : { matching: counts.matching }),
  }
  const rows = deviceViews(items, at.nowMs, at.fleet.intervalMs)
  const asking = { fleet: at.fleet.id, q, sort }
  const views = await readViews(at, 'devices')
  return (
    <ListFrame
      at={isOfOrder || params.cursor === null ? at : { ...at, misread: [...at.misread, OTHER_ORDER] }}
      label="Devices"
      sentence={devicesListSentence(rows, scope)}
      evidence={`${capitalised(SORT_WORDS[sort])}. What waits on a device is as it last reported.`}
      fields={DEVICE_FIELDS}
      filter={filter}
      facets={facetGroups(counts, FACET_WORDS)}
      counted={counts.capped ? `Counts are of ${formatCount(DEVICE_FACET_ROWS_MAX)} devices` : null}
      views={views}
      problem={problem}
      actions={
        at.fleet.role === 'viewer' || counts.matching === 0 ? undefined : (
          <DevicesActions fleetId={at.fleet.id} q={params.q} count={counts.capped ? null : counts.matching} />
        )
      }
    >
      <DevicesList
        key={at.query}
        rows={rows}
        nextCursor={nextCursor}
        sort={sort}
        nowMs={at.nowMs}
        intervalMs={at.fleet.intervalMs}
        url={listUrl('devices', asking)}
        end={{
          path: at.path,
          query: at.query,
          exports: exportHrefs('devices', { fleet: at.fleet.id, q }),
          ...(counts.capped ? {} : { matching: counts.matching }),
        }}
        empty={
          params.q === '' ? (
            <EmptyState
              word="Waiting"
              title="No device is enrolled in this fleet"
              detail="A key lets devices in, each with a token of its own; Overview has a program to paste."
              actions={
                <LinkButton tone="primary" href={carryShared('/settings/enrollment', at.query)}>
                  Enrollment keys
                </LinkButton>
              }
            />
          ) : (
            <EmptyState
              title={problem === null ? 'No device matches this filter' : 'Nothing was searched'}
              detail={problem === null ? 'Take fewer filters.' : 'The box tells its keys while you type.'}
            />
          )
        }
      />
    </ListFrame>
  )
}

export default keptPage(DevicesPage)
