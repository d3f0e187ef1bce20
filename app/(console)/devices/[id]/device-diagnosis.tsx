import { Icon } from '#components/ui/icon.tsx'
import { LinkButton } from '#components/ui/button.tsx'
import { Link } from '#components/ui/link.tsx'
import { Section } from '#components/ui/section.tsx'
import { Status, StatusShape } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import type { Diagnosis } from '#lib/application/devices/diagnose-device.ts'
import type { ShownDevice } from '#lib/application/devices/get-device.ts'
import { diagnosisHref } from './diagnosis-links.ts'
import { NextCommand } from './next-command.tsx'

type Props = { found: Diagnosis; query: string; nowMs: number }

/** What the verdict rests on, in order, and what was looked at besides. */
export function Why({ found, query, nowMs }: Props) {
  const cleared = found.checks.filter(({ state }) => state !== 'suspect')
  return (
    <Section title={`Why: ${lowerFirst(found.because)}`} note={<Time at={nowMs} now={nowMs} show="age" />}>
      <ol className="ev">
        {found.evidence.map(({ text, detail, atMs, link }, index) => (
          <li key={index}>
            <span className="n" aria-hidden="true">
              {index + 1}
            </span>
            <span>
              {text}
              {detail === null ? null : <small>{detail}</small>}
            </span>
            <span className="sub">
              {link !== null ? (
                <Link className="link" href={diagnosisHref(link.target, query)}>
                  {link.label}
                </Link>
              ) : atMs !== null ? (
                <Time at={atMs} now={nowMs} show="clock" />
              ) : null}
            </span>
          </li>
        ))}
      </ol>
      {cleared.length === 0 ? null : (
        <>
          <h3 className="ruled-title">Ruled out</h3>
          <ul className="ruled">
            {cleared.map(({ name, state, value }) => (
              <li key={name}>
                {state === 'ruled_out' ? <Icon name="check" /> : <StatusShape kind="unk" />}
                {name}
                <em>{state === 'ruled_out' ? value : `not known: ${value}`}</em>
              </li>
            ))}
          </ul>
        </>
      )}
      {found.checks.length === cleared.length ? null : (
        <ul className="ruled suspects" aria-label="Suspect">
          {found.checks
            .filter(({ state }) => state === 'suspect')
            .map(({ name, value }) => (
              <li key={name}>
                <Status kind="warn">{name}</Status>
                <em>{value}</em>
              </li>
            ))}
        </ul>
      )}
    </Section>
  )
}

/** What to do now, with the page's one primary button. */
export function Next({
  found,
  query,
  nowMs,
  device,
  isViewer,
}: Props & { device: ShownDevice; isViewer: boolean }) {
  const { title, detail, action, endsAtMs } = found.next
  return (
    <Section title={`Next: ${lowerFirst(title)}`}>
      <p>
        {detail}
        {endsAtMs === null ? null : (
          <>
            {' '}
            Done by itself at about <Time at={endsAtMs} now={nowMs} show="clock" />.
          </>
        )}
      </p>
      {action === null ? null : (
        <div className="item-acts next-acts">
          {action.kind === 'link' ? (
            <LinkButton tone="primary" href={diagnosisHref(action.target, query)}>
              {action.label}
            </LinkButton>
          ) : isViewer ? (
            <Status kind="unk">{`${action.label}: operators only, your role is viewer`}</Status>
          ) : (
            <NextCommand
              act={action.type}
              label={action.label}
              id={device.id}
              fleetId={device.fleetId}
              name={device.name}
            />
          )}
        </div>
      )}
    </Section>
  )
}

/** "Nothing holds it up" goes on after "Why: "; a name or a figure at the beginning stays as it is. */
const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)
