import type { Metadata } from 'next'
import type { FacetGroup } from '#components/table/filter-bar.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { parseDeviceCursor } from '#lib/application/devices/device-cursor.ts'
import { listDevices } from '#lib/application/devices/list-devices.ts'
import { DEVICE_FIELDS } from '#lib/query/device-fields.ts'
import { ListFrame } from '../list-frame.tsx'
import { keptPage } from '../kept-page.tsx'
import { listFilter } from '../list-filter.ts'
import type { PageProps } from '../search-params.ts'
import { visit } from '../viewer.ts'
import { deviceViews } from '#lib/application/devices/device-views.ts'
import { devicesListSentence } from './device-words.ts'
import { DevicesTable } from './devices-table.tsx'
import { DEVICES, loadDevices } from './search-params.ts'

export const metadata: Metadata = { title: 'Devices · Tidemark' }

const FACETS: readonly FacetGroup[] = [
  {
    key: 'state',
    label: 'State',
    values: ['offline', 'backoff', 'shed', 'halted'].map((value) => ({ value })),
  },
  { key: 'has', label: 'With', values: [{ value: 'waiting', label: 'changes waiting' }] },
]

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
  const { items, nextCursor } =
    problem === null ? await listDevices(at.ctx, { actor: at.actor, fleetId: at.fleet.id, query }) : NOTHING
  const scope = { q: params.q, more: nextCursor !== null, later: isOfOrder }
  const rows = deviceViews(items, at.nowMs, at.fleet.intervalMs)
  const unfiltered = params.q === '' && at.fleet.devices !== null
  return (
    <ListFrame
      at={isOfOrder || params.cursor === null ? at : { ...at, misread: [...at.misread, OTHER_ORDER] }}
      label="Devices"
      sentence={devicesListSentence(rows, scope)}
      evidence="By last contact, newest first. What waits on a device is as it last reported."
      fields={DEVICE_FIELDS}
      filter={filter}
      facets={FACETS}
      problem={problem}
      shown={items.length}
      nextCursor={nextCursor}
      {...(unfiltered && at.fleet.devices !== null ? { matching: at.fleet.devices } : {})}
    >
      <DevicesTable
        rows={rows}
        sort={sort}
        query={at.query}
        nowMs={at.nowMs}
        empty={
          params.q === '' ? (
            <EmptyState
              word="Waiting"
              title="No device is enrolled in this fleet"
              detail={
                <code className="mono">{`npm run tidemark -- enrollment create --fleet ${at.fleet.id}`}</code>
              }
            />
          ) : (
            <EmptyState
              title={problem === null ? 'No device matches this filter' : 'Nothing was searched'}
              detail="Take fewer filters."
            />
          )
        }
      />
    </ListFrame>
  )
}

export default keptPage(DevicesPage)
