import type { ReactNode } from 'react'
import { Verdict, type VerdictProps } from '#components/ui/verdict.tsx'
import { ConsolePage } from '../console-page.tsx'
import { PartTabs } from '../part-tabs.tsx'
import type { Visit } from '../viewer.ts'
import { hrefOfPart, SETTINGS_PARTS, type SettingsPart } from './parts.ts'

const SETTINGS_TABS = SETTINGS_PARTS.map(({ path, label }) => ({ href: hrefOfPart(path), label }))

/** A part of Settings: the way to the others, what it says in a sentence, and what there is. */
export function SettingsFrame({
  at,
  part,
  children,
  ...verdict
}: VerdictProps & { at: Visit; part: SettingsPart; children: ReactNode }) {
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Settings' }]}>
      <PartTabs label="Settings" parts={SETTINGS_TABS} current={hrefOfPart(part)} query={at.query} />
      <Verdict {...verdict} />
      {children}
    </ConsolePage>
  )
}
