import type { ReactNode } from 'react'
import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Verdict, type VerdictProps } from '#components/ui/verdict.tsx'
import { ConsolePage } from '../console-page.tsx'
import type { Visit } from '../viewer.ts'
import { SETTINGS_PARTS, type SettingsPart } from './parts.ts'

/** A part of Settings: the way to the others, what it says in a sentence, and what there is. */
export function SettingsFrame({
  at,
  part,
  children,
  ...verdict
}: VerdictProps & { at: Visit; part: SettingsPart; children: ReactNode }) {
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Settings' }]}>
      <nav className="choices tabs" aria-label="Settings">
        {SETTINGS_PARTS.map(({ path, label }) => (
          <Link
            key={path}
            className="chip"
            href={carryShared(`/settings/${path}`, at.query)}
            aria-current={path === part ? 'page' : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Verdict {...verdict} />
      {children}
    </ConsolePage>
  )
}
