import { formatCount, plural } from '#components/ui/format.ts'
import type { StatusKind } from '#components/ui/status.tsx'

/** Why some would be refused, as the API tells it. */
export type Reason = { path: string; message: string; count: number; example: string }
export type Kind = { checked: number; refused: number; reasons: readonly Reason[]; more: boolean }
export type Check = { schemaVersion: number; records: Kind; changes: Kind; letters: Kind }
export type Line = { key: keyof Omit<Check, 'schemaVersion'>; kind: StatusKind; text: string }

/** "the newest 2,000 records", "the only record", "all 12 records". Pure. */
function whole({ checked, more }: Kind, noun: string): string {
  if (more) return `the newest ${plural(checked, noun)}`
  return checked === 1 ? `the only ${noun}` : `all ${plural(checked, noun)}`
}

/** How many stand against a publication: what is there, and what devices send. Letters are refused already. Pure. */
export const refusedBy = ({ records, changes }: Check): number => records.refused + changes.refused

/** What a check found, kind by kind. Pure. */
export function checkLines({ records, changes, letters }: Check): readonly Line[] {
  const line = (key: Line['key'], kind: Kind, noun: string): Line =>
    kind.checked === 0
      ? { key, kind: 'unk', text: `no ${noun} to check` }
      : kind.refused === 0
        ? { key, kind: 'ok', text: `${whole(kind, noun)} would pass` }
        : {
            key,
            kind: 'warn',
            text:
              kind.checked === 1 && !kind.more
                ? `the only ${noun} would be refused`
                : `${formatCount(kind.refused)} of ${whole(kind, noun)} would be refused`,
          }
  const waiting: Line[] =
    letters.checked === 0
      ? []
      : [
          {
            key: 'letters',
            kind: letters.refused < letters.checked ? 'ok' : 'unk',
            text: `${formatCount(letters.checked - letters.refused)} of ${whole(letters, 'dead letter')} could be replayed`,
          },
        ]
  return [line('records', records, 'record'), line('changes', changes, 'sent document'), ...waiting]
}
