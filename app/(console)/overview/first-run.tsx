import { Link } from '#components/ui/link.tsx'
import { carryShared } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Snippet } from '#components/ui/snippet.tsx'
import { DEMO_COLLECTIONS } from '#lib/application/demo/collections.ts'
import { otlpSnippet, sdkSnippet, sessionsSnippet } from '../snippets.ts'
import { NewEnrollmentKey } from '../settings/enrollment/new-enrollment-key.tsx'
import { NewIngestKey } from '../settings/ingest/new-ingest-key.tsx'
import type { Visit } from '../viewer.ts'
import { DemoFleet } from './demo-fleet.tsx'

/** Nothing has synced: the ways in that there are. The page changes by itself when the first sync arrives. */
export function FirstRun({ at, collections }: { at: Visit; collections: readonly string[] }) {
  const { fleet, origin, query } = at
  const isAdmin = fleet.role === 'admin'
  const key = { fleetId: fleet.id, fleetName: fleet.name }
  return (
    <>
      <p className="sub" role="status">
        This page changes by itself when the first sync arrives.
      </p>
      {isAdmin ? null : (
        <p className="sub">
          Your role is {fleet.role}: an administrator makes the keys that these ways in need.
        </p>
      )}
      <div className="cols">
        <div>
          <Section title="A device with the SDK" note="Node or a browser">
            {collections.length === 0 ? (
              <p className="sub">
                First{' '}
                <Link className="link" href={carryShared('/collections', query)}>
                  make a collection
                </Link>{' '}
                for it to write to.
              </p>
            ) : null}
            <Snippet label="A program with the SDK" text={sdkSnippet(origin, collections[0])} />
            {isAdmin ? <NewEnrollmentKey {...key} collections={collections} tone="primary" /> : null}
          </Section>
          <Section title="Forty devices, on this machine" note="a demo fleet of real SDK devices">
            <p className="sub">
              They file wildlife-strike reports over HTTP, go offline, come back on bad networks, and touch
              each other’s reports, until Ctrl-C.
            </p>
            {isAdmin ? (
              <DemoFleet
                fleetId={fleet.id}
                origin={origin}
                missing={DEMO_COLLECTIONS.filter(({ name }) => !collections.includes(name))}
              />
            ) : null}
          </Section>
        </div>
        <div>
          <Section title="Sessions of another engine" note="any that can post JSON">
            <Snippet label="A request that tells of a session" text={sessionsSnippet(origin)} />
            {isAdmin ? <NewIngestKey {...key} tone="plain" /> : null}
          </Section>
          <Section title="OpenTelemetry of another engine" note="OTLP over HTTP, with the same key">
            <Snippet label="Where an exporter sends" text={otlpSnippet(origin)} />
          </Section>
        </div>
      </div>
    </>
  )
}
