import { PartTabs } from '../part-tabs.tsx'
import { ALERTS_PARTS, type AlertsPart } from './parts.ts'

/** The way between incidents, rules, silences and channels. */
export function AlertsTabs({ part, query }: { part: AlertsPart; query: string }) {
  return <PartTabs label="Alerts" parts={ALERTS_PARTS} current={part} query={query} />
}
