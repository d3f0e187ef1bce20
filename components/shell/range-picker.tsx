'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { useState } from 'react'
import { parseRange, RANGE_WORDS, RANGES, type Span } from '#components/shell/ranges.ts'
import { TimesDialog } from '#components/shell/times-dialog.tsx'
import { formatClock, formatDay } from '#components/ui/format.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Menu } from '#components/ui/menu.tsx'
import { withParams } from '#components/ui/search-params.ts'
import { useViewerZone } from '#components/ui/viewer-clock.ts'

/** Picks the time that a page shows; the URL keeps it, as `range` or as `from` and `to`. */
export function RangePicker({ span }: { span: Span }) {
  const path = usePathname()
  const params = useSearchParams()
  const query = params.toString()
  const zone = useViewerZone()
  const [asking, setAsking] = useState(false)
  const range = parseRange(params.get('range'))
  const label = span.fixed ? betweenWords(span, zone) : span.label
  const items = RANGES.map((one) => ({
    key: one,
    label: RANGE_WORDS[one].label,
    note: one,
    checked: !span.fixed && one === range,
    href: withParams(path, query, { range: one, from: null, to: null, cursor: null }),
  }))
  const between = {
    key: 'between',
    label: 'Between two times…',
    checked: span.fixed,
    onSelect: () => setAsking(true),
  }
  return (
    <>
      <Menu
        label="Time range"
        groups={[
          { key: 'range', items },
          { key: 'between', items: [between] },
        ]}
        trigger={
          <button type="button" className="btn">
            <Icon name="clock" />
            <span>
              <span className="sr">Time range: </span>
              {label}
            </span>
            <span className="sub hide-s">{span.compare}</span>
            <Icon name="down" />
          </button>
        }
      />
      {asking ? <TimesDialog span={span} onClosed={() => setAsking(false)} /> : null}
    </>
  )
}

/** "Thu 26 Nov 14:05 to 15:20"; the second day where it is another one. */
function betweenWords({ fromMs, toMs }: { fromMs: number; toMs: number }, zone: string): string {
  const [first, last] = [formatDay(fromMs, zone), formatDay(toMs, zone)]
  const [start, end] = [formatClock(fromMs, zone, false), formatClock(toMs, zone, false)]
  return first === last ? `${first} ${start} to ${end}` : `${first} ${start} to ${last} ${end}`
}
