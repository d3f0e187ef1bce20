'use client'
import { usePathname, useSearchParams } from 'next/navigation'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { StatusShape } from '#components/ui/status.tsx'
import { alarmLine, type Alarm } from './alarm-words.ts'
import { incidentHref } from './incident-links.ts'

/** Above every page: what is critical and open, and that nobody looks. Where the page says so itself it is left out. */
export function AlarmBanner({ alarm }: { alarm: Alarm }) {
  const path = usePathname()
  const query = useSearchParams().toString()
  const line = alarmLine(alarm)
  if (line === null) return null
  const href = line.id === null ? carryShared('/alerts', query) : incidentHref(query, line.id)
  if (href.split('?')[0] === path) return null
  return (
    <aside className="alarm" aria-label="Alarm">
      <StatusShape kind="crit" />
      <b>{line.word}</b>
      <span>{line.text}</span>
      <Link className="link" href={href}>
        {line.link}
      </Link>
    </aside>
  )
}
