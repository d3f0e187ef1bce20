import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ToldGap } from '#lib/application/restores/restore-gap.ts'
import { isRestoreTold, restoreDetail, restoreTitle, silentSinceHref } from './restore-words.ts'

/** After a restore: who is not back, and what came back of the time behind the backup. Nothing without one. */
export function OverviewRestore({
  restore,
  query,
  nowMs,
}: {
  restore: ToldGap | null
  query: string
  nowMs: number
}) {
  if (restore === null || !isRestoreTold(restore, nowMs)) return null
  const { restoredAt, backupAt, notBack, proven } = restore
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
      <p className="sub">{restoreDetail(restore, nowMs)}</p>
      {proven ? null : (
        <p>
          <Status kind="warn">Not proven</Status> The file was taken with --unproven: nobody knows whether it
          is the one that this installation wrote.
        </p>
      )}
      {notBack === 0 ? null : (
        <p>
          <Link className="link" href={silentSinceHref(query, restoredAt, nowMs)}>
            Devices that were not heard since
          </Link>
        </p>
      )}
    </Section>
  )
}
