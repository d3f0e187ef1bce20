import { Pager } from '#components/table/pager.tsx'
import { plural } from '#components/ui/format.ts'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import type { reviewHistory } from '#lib/application/reviews/review-history.ts'

type History = Awaited<ReturnType<typeof reviewHistory>>

/** The versions that are kept: who, when, why, and what each changed. */
export function VersionsPart({
  history: { items, nextCursor },
  nowMs,
  place,
}: {
  history: History
  nowMs: number
  place: { path: string; query: string }
}) {
  return (
    <Section className="versions" title="Versions that are kept" note="latest first; none is ever changed">
      {items.length === 0 ? <p className="sub">No version yet: the first answers become version 1.</p> : null}
      {items.map(({ version, atMs, actor, note, changes }) => (
        <details key={version}>
          <summary>
            Version {version} · {actor} · <Time at={atMs} now={nowMs} /> ·{' '}
            {changes === null ? 'the first one' : plural(changes.length, 'change')}
          </summary>
          <p>{note}</p>
          {changes === null || changes.length === 0 ? null : (
            <ul className="plain-list">
              {changes.map(({ what, before, after }) => (
                <li key={what}>
                  <b>{what}</b>: <del>{before}</del> <ins>{after}</ins>
                </li>
              ))}
            </ul>
          )}
        </details>
      ))}
      {items.length === 0 ? null : <Pager place={place} shown={items.length} nextCursor={nextCursor} />}
    </Section>
  )
}
