'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { parseRange, RANGE_WORDS, RANGES } from '#components/shell/ranges.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { withParams } from '#components/ui/search-params.ts'

/** Picks the time range; it is kept in the URL as `range`. */
export function RangePicker() {
  const path = usePathname()
  const query = useSearchParams().toString()
  const current = parseRange(new URLSearchParams(query).get('range'))
  const { label, compare } = RANGE_WORDS[current]
  const items = RANGES.map((range) => ({
    key: range,
    label: RANGE_WORDS[range].label,
    note: range,
    checked: range === current,
    href: withParams(path, query, { range, cursor: null }),
  }))
  return (
    <Menu
      label="Time range"
      groups={[{ key: 'range', items }]}
      trigger={
        <button type="button" className="btn" aria-label={`Time range: ${label}, ${compare}`}>
          <Icon name="clock" />
          {label}
          <span className="sub hide-s">{compare}</span>
          <Icon name="down" />
        </button>
      }
    />
  )
}
