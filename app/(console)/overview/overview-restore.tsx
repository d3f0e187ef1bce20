import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'
import { isRestoreTold, restoreDetail, restoreTitle } from './restore-words.ts'

/** After a restore: who is not back, and what came back of the time behind the backup. Nothing without one. */
export function OverviewRestore({ restore, nowMs }: { restore: ToldGap | null; nowMs: number }) {
  if (restore === null || !isRestoreTold(restore, nowMs)) return null
  const { restoredAt, backupAt } = restore
  return (
    <Section
      title={restoreTitle(restore)}
      note={
        <>
          restored <Time at={Date.parse(restoredAt)} now={nowMs} show="age" />, to{' '}
          <Time at={backupAt === null ? null : Date.parse(backupAt)} now={nowMs} show="moment" />
        </>
      }
    >
      <p className="sub">{restoreDetail(restore)}</p>
    </Section>
  )
}
