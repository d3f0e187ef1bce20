import type { Metadata } from 'next'
import { DataTable } from '#components/table/data-table.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { Section } from '#components/ui/section.tsx'
import { Snippet } from '#components/ui/snippet.tsx'
import { listIngestKeys } from '#lib/application/ingest/create-ingest-key.ts'
import { keptPage } from '../../kept-page.tsx'
import type { PageProps } from '../../search-params.ts'
import { visit } from '../../viewer.ts'
import { otlpSnippet, sessionsSnippet } from '../../snippets.ts'
import { keyColumns } from '../key-columns.tsx'
import { keysSentence } from '../key-words.ts'
import { SettingsFrame } from '../settings-frame.tsx'
import { NewIngestKey } from './new-ingest-key.tsx'

export const metadata: Metadata = { title: 'Telemetry in · Tidemark' }

const STAYS = 'Nothing is told by it any more. What was told stays.'

/** Who tells of other engines? */
async function IngestPage({ searchParams }: PageProps) {
  const at = await visit('/settings/ingest', searchParams)
  const { fleet } = at
  const does = `other engines tell of themselves in ${fleet.name}`
  if (fleet.role !== 'admin') {
    return (
      <SettingsFrame at={at} part="ingest" sentence={`Keys let ${does}`}>
        <ForbiddenState title="You cannot see this fleet’s keys" role={fleet.role} needs="admin" />
      </SettingsFrame>
    )
  }
  const keys = await listIngestKeys(at.ctx, { actor: at.actor, fleetId: fleet.id })
  const { state, used, ends, acts } = keyColumns(at, { kind: 'ingest-keys', stays: STAYS })
  return (
    <SettingsFrame
      at={at}
      part="ingest"
      sentence={keysSentence(keys, at.nowMs, does)}
      evidence="Sessions, traces, metrics and logs come into the same lists and charts, marked with their source. A key’s text is shown once."
      actions={<NewIngestKey fleetId={fleet.id} fleetName={fleet.name} />}
    >
      <DataTable
        label="Ingest keys"
        columns={[
          { key: 'name', header: 'Key', cell: ({ name }) => <b>{name}</b> },
          { key: 'source', header: 'Source', cell: ({ source }) => source },
          state,
          used,
          ends,
          acts,
        ]}
        rows={keys}
        rowKey={({ id }) => id}
        empty={
          <EmptyState
            title="No other engine is told of in this fleet"
            detail="Make a key, and send sessions or OpenTelemetry’s signals with it as below."
          />
        }
      />
      <div className="cols">
        <div>
          <Section title="Send sessions" note="JSON, at most 100 at a time">
            <Snippet label="A request with sessions" text={sessionsSnippet(at.origin)} />
          </Section>
        </div>
        <div>
          <Section title="Or OpenTelemetry traces, metrics and logs" note="OTLP over HTTP, protobuf or JSON">
            <Snippet label="Settings of an exporter" text={otlpSnippet(at.origin)} />
          </Section>
        </div>
      </div>
    </SettingsFrame>
  )
}

export default keptPage(IngestPage)
