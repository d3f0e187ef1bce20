import type { ReactNode } from 'react'
import { Verdict, type VerdictProps } from '#components/ui/verdict.tsx'
import { strongestRole } from '#lib/application/access/authorize.ts'
import { ConsolePage } from '../console-page.tsx'
import { PartTabs } from '../part-tabs.tsx'
import type { Visit } from '../viewer.ts'
import { hrefOfPart, partsFor, type SettingsPart } from './parts.ts'

/** A part of Settings: the way to the others, what it says in a sentence, and what there is. */
export function SettingsFrame({
  at,
  part,
  children,
  ...verdict
}: VerdictProps & { at: Visit; part: SettingsPart; children: ReactNode }) {
  const tabs = partsFor(strongestRole(at.actor), part).map(({ path, label }) => ({
    href: hrefOfPart(path),
    label,
  }))
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Settings' }]}>
      <PartTabs label="Settings" parts={tabs} current={hrefOfPart(part)} query={at.query} />
      <Verdict {...verdict} />
      {children}
    </ConsolePage>
  )
}
