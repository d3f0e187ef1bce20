import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { ToldChannel } from '#lib/application/notifications/told-of.ts'
import { channelHref } from '../../channels/channel-links.ts'
import { KIND_NAMES } from '../../channels/channel-words.ts'
import { toldSentence, toldStanding } from './told-words.ts'

/** Does anybody know? Channel by channel, as far as the viewer may see them. */
export function IncidentTold({
  told,
  isSilent,
  query,
  nowMs,
}: {
  told: readonly ToldChannel[]
  /** All of it was silenced or inhibited. */
  isSilent: boolean
  query: string
  nowMs: number
}) {
  return (
    <Section
      title={toldSentence(told, isSilent)}
      note={
        <Link className="link" href={carryShared('/alerts/channels', query)}>
          Channels
        </Link>
      }
    >
      <ul className="rows incident-alerts">
        {told.map((one) => {
          const { kind, words } = toldStanding(one)
          return (
            <li key={one.channel.id}>
              <StatusShape kind={kind} />
              <span>
                <Link className="link" href={channelHref(query, one.channel.id)}>
                  {one.channel.name}
                </Link>{' '}
                {words}
                <span className="sub">
                  {KIND_NAMES[one.channel.kind]}
                  {one.last === null ? null : (
                    <>
                      , tried last <Time at={one.last.atMs} now={nowMs} show="age" />
                    </>
                  )}
                </span>
              </span>
            </li>
          )
        })}
      </ul>
    </Section>
  )
}
