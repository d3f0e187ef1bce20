import type { Metadata } from 'next'
import { JsonView } from '#components/ui/json-view.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { plural } from '#components/ui/format.ts'
import { carryShared } from '#components/ui/search-params.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { Section } from '#components/ui/section.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { getCollection } from '#lib/application/collections/list-collections.ts'
import { listSchemaVersions } from '#lib/application/collections/list-schema-versions.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { ItemProps } from '../../search-params.ts'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { SchemaEditor } from './schema-editor.tsx'

export const metadata: Metadata = { title: 'Collection · Tidemark' }

/** One collection: its rules, and the place to publish the next schema. */
async function CollectionPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/collections/${id}`, searchParams)
  const which = { actor: at.actor, fleetId: at.fleet.id, id }
  const collection = await orNotFound(getCollection(at.ctx, which))
  const versions = await listSchemaVersions(at.ctx, which)
  const fields = Object.entries(collection.fieldStrategies)
  return (
    <ConsolePage
      at={at}
      crumbs={[
        { label: 'Collections', href: carryShared('/collections', at.query) },
        { label: collection.name, mono: true },
      ]}
    >
      <Verdict
        sentence={`${collection.name} is at schema v${collection.schemaVersion} and settles conflicts by ${collection.strategy}`}
        evidence={
          <>
            Last change <Time at={collection.updatedAtMs} now={at.nowMs} />
          </>
        }
      />
      <div className="cols">
        <div>
          <Section title="Schema" note="JSON Schema 2020-12; devices take it at their next sync">
            {at.fleet.role === 'admin' ? (
              <SchemaEditor
                id={collection.id}
                fleetId={at.fleet.id}
                version={collection.version}
                schemaVersion={collection.schemaVersion}
                schemaText={JSON.stringify(collection.schema, null, 2)}
              />
            ) : (
              <>
                <JsonView label={`Schema v${collection.schemaVersion}`} value={collection.schema} />
                <ForbiddenState
                  title="You can see the schema, not change it"
                  role={at.fleet.role}
                  needs="admin"
                />
              </>
            )}
          </Section>
        </div>
        <div>
          <Section title="Rules">
            <KeyValue
              items={[
                { key: 'Strategy', value: collection.strategy },
                { key: 'When both changed a field', value: collection.tieRule },
                ...fields.map(([pointer, strategy]) => ({ key: pointer, value: strategy })),
                { key: 'Made', value: <Time at={collection.createdAtMs} now={at.nowMs} /> },
              ]}
            />
          </Section>
          <Section
            title={plural(collection.rules.length, 'business rule')}
            note={
              collection.authority === null
                ? 'no authority is asked'
                : `then ${collection.authority.url} is asked`
            }
          >
            <KeyValue
              align="start"
              items={collection.rules.map(({ id: ruleId, cel, message }) => ({
                key: ruleId,
                value: (
                  <>
                    <span className="mono">{cel}</span> <span className="sub">{message}</span>
                  </>
                ),
              }))}
            />
          </Section>
          {collection.upMigrations.length === 0 ? null : (
            <Section title={plural(collection.upMigrations.length, 'up-migration')}>
              {collection.upMigrations.map(({ from, to, ops }) => (
                <details key={from}>
                  <summary>
                    v{from} to v{to} · {plural(ops.length, 'step')}
                  </summary>
                  <JsonView label={`Up-migration from v${from}`} value={ops} />
                </details>
              ))}
            </Section>
          )}
          <Section title={plural(versions.length, 'schema version')}>
            {versions.map(({ schemaVersion, schema, createdAtMs }) => (
              <details key={schemaVersion}>
                <summary>
                  v{schemaVersion} · <Time at={createdAtMs} now={at.nowMs} />
                </summary>
                <JsonView label={`Schema v${schemaVersion}`} value={schema} />
              </details>
            ))}
          </Section>
        </div>
      </div>
    </ConsolePage>
  )
}

export default keptPage(CollectionPage)
