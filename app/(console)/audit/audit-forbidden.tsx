import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { roleEverywhere } from '#lib/application/access/authorize.ts'
import { ConsolePage } from '../console-page.tsx'
import type { Visit } from '../viewer.ts'

/** For whom the log of this fleet, or of all, is not. */
export function AuditForbidden({ at, part }: { at: Visit; part: 'fleet' | 'all' }) {
  const ofAll = part === 'all'
  return (
    <ConsolePage at={at} crumbs={[{ label: 'Audit' }]}>
      <Verdict sentence="The audit log tells who did what" />
      <ForbiddenState
        title={ofAll ? 'You cannot see what was done everywhere' : 'You cannot see this fleet’s audit log'}
        role={(ofAll ? roleEverywhere(at.actor) : null) ?? at.fleet.role}
        needs={ofAll ? 'operator of every fleet' : 'operator'}
      />
    </ConsolePage>
  )
}
