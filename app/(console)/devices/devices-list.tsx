'use client'
import { useCallback, useMemo, type ReactNode } from 'react'
import type { ListEnd } from '#components/table/list-foot.tsx'
import { LongTable } from '#components/table/long-table.tsx'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { deviceViews, type DeviceView } from '#lib/application/devices/device-views.ts'
import type { DeviceSort } from '#lib/query/device-fields.ts'
import { loadRows } from '../load-rows.ts'
import { deviceColumns } from './device-columns.tsx'
import { SORT_WORDS } from './sort-words.ts'

export type DevicesListProps = {
  rows: readonly DeviceView[]
  nextCursor: string | null
  sort: DeviceSort
  /** When they were read. */
  nowMs: number
  /** How often the fleet's devices are to be heard: one that is silent for longer is offline. */
  intervalMs: number
  /** The operator API's list of which these are the first. */
  url: string
  end: ListEnd
  empty: ReactNode
}

/** All devices that match, as far as one scrolls. */
export function DevicesList(props: DevicesListProps) {
  const { rows, nextCursor, sort, nowMs, intervalMs, url, end, empty } = props
  const { path, query } = end
  const columns = useMemo(
    () => deviceColumns(nowMs, sort, (to) => withParams(path, query, { sort: to, cursor: null })),
    [nowMs, sort, path, query],
  )
  const page = useMemo(() => {
    const toRows = (items: readonly DeviceView['device'][], atMs: number) =>
      deviceViews(items, atMs, intervalMs)
    return { rows, nextCursor, atMs: nowMs, load: loadRows(url, toRows) }
  }, [rows, nextCursor, nowMs, intervalMs, url])
  const hrefOf = useCallback(({ device }: DeviceView) => carryShared(`/devices/${device.id}`, query), [query])
  return (
    <LongTable
      label={`Devices, ${SORT_WORDS[sort]}`}
      columns={columns}
      page={page}
      rowKey={keyOf}
      rowHref={hrefOf}
      empty={empty}
      end={end}
    />
  )
}

const keyOf = ({ device }: DeviceView): string => device.id
