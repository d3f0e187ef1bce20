import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { formatCount, plural } from '#components/ui/format.ts'
import { ForbiddenState } from '#components/ui/forbidden-state.tsx'
import { JsonView } from '#components/ui/json-view.tsx'
import { KeyValue } from '#components/ui/key-value.tsx'
import { Link } from '#components/ui/link.tsx'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { collectionBoard } from '#lib/application/collections/collection-board.ts'
import { listSchemaVersions } from '#lib/application/collections/list-schema-versions.ts'
import { ConsolePage } from '../../console-page.tsx'
import { keptPage } from '../../kept-page.tsx'
import type { ItemProps } from '../../search-params.ts'
import { COLLECTION_FIELDS, limitText } from '../../settings/thresholds/threshold-fields.ts'
import { ThresholdsForm } from '../../settings/thresholds/thresholds-form.tsx'
import { itemId, orNotFound, visit } from '../../viewer.ts'
import { conflictVerdict, lagVerdict, recordsText } from '../collection-words.ts'
import { STRATEGY_WORDS, TIE_WORDS } from '../strategy-words.ts'
import { CollectionTabs } from './collection-tabs.tsx'
import { CollectionRules } from './collection-rules.tsx'
import { MaskedForm } from './masked-form.tsx'
import { SchemaEditor } from './schema-editor.tsx'
import { StrategyForm } from './strategy-form.tsx'

export const metadata: Metadata = { title: 'Collection · Tidemark' }

/** One collection: its rules, and the place to change them. */
async function CollectionPage({ params, searchParams }: ItemProps) {
  const id = await itemId(params)
  const at = await visit(`/collections/${id}`, searchParams)
  const { fleet, nowMs, span } = at
  const which = { actor: at.actor, fleetId: fleet.id, id }
  const [versions, [board]] = await Promise.all([
    orNotFound(listSchemaVersions(at.ctx, which)),
    collectionBoard(at.ctx, { ...which, fromMs: span.fromMs, toMs: span.toMs }),
  ])
  if (board === undefined) notFound()
  const { collection, records, followers, row } = board
  const isAdmin = fleet.role === 'admin'
  const own = { id: collection.id, fleetId: fleet.id, version: collection.version }
  const fields = Object.entries(collection.fieldStrategies)
  const [lag, conflicts] = [lagVerdict(row), conflictVerdict(row)]
  return (
    <ConsolePage
      at={at}
      range
      crumbs={[
        { label: 'Collections', href: carryShared('/collections', at.query) },
        { label: collection.name, mono: true },
      ]}
    >
      <CollectionTabs id={id} name={collection.name} part="rules" query={at.query} />
      <Verdict
        sentence={`${collection.name} is at schema v${collection.schemaVersion} and settles conflicts by ${collection.strategy}`}
        evidence={
          <>
            Last change <Time at={collection.updatedAtMs} now={nowMs} />
          </>
        }
        facts={[
          { value: recordsText(records), of: records === 1 ? 'record' : 'records' },
          { value: formatCount(followers), of: followers === 1 ? 'device follows' : 'devices follow' },
          { value: <Status kind={lag.kind}>{lag.word}</Status>, of: `sync lag ${lag.figure}` },
          {
            value: <Status kind={conflicts.kind}>{conflicts.word}</Status>,
            of: `conflicts ${conflicts.figure}`,
          },
        ]}
      />
      <div className="cols">
        <div>
          <Section title="Schema" note="JSON Schema 2020-12; devices take it at their next sync">
            {isAdmin ? (
              <SchemaEditor
                {...own}
                schemaVersion={collection.schemaVersion}
                schemaText={JSON.stringify(collection.schema, null, 2)}
                upMigrations={collection.upMigrations}
              />
            ) : (
              <>
                <JsonView label={`Schema v${collection.schemaVersion}`} value={collection.schema} />
                <ForbiddenState
                  title="You can see the rules, not change them"
                  role={fleet.role}
                  needs="admin"
                />
              </>
            )}
          </Section>
          <Section title={plural(versions.length, 'schema version')} note="newest first">
            {versions.map(({ schemaVersion, schema, createdAtMs }) => {
              const migration = collection.upMigrations.find(({ to }) => to === schemaVersion)
              return (
                <details key={schemaVersion}>
                  <summary>
                    v{schemaVersion} · <Time at={createdAtMs} now={nowMs} />
                    {migration === undefined
                      ? null
                      : ` · up-migration from v${migration.from}, ${plural(migration.ops.length, 'step')}`}
                  </summary>
                  {migration === undefined ? null : (
                    <JsonView label={`Up-migration from v${migration.from}`} value={migration.ops} />
                  )}
                  <JsonView label={`Schema v${schemaVersion}`} value={schema} />
                </details>
              )
            })}
          </Section>
        </div>
        <div>
          <Section title="Conflicts">
            <KeyValue
              items={[
                {
                  key: 'Strategy',
                  value: `${collection.strategy}: ${STRATEGY_WORDS[collection.strategy]}`,
                },
                {
                  key: 'When both changed a field',
                  value: `${collection.tieRule}: ${TIE_WORDS[collection.tieRule]}`,
                },
                ...fields.map(([pointer, strategy]) => ({ key: pointer, value: strategy })),
                { key: 'Made', value: <Time at={collection.createdAtMs} now={nowMs} /> },
              ]}
            />
            <p className="sub">
              <Link className="link" href={withParams('/lab', at.query, { collection: collection.id })}>
                What each strategy would lose
              </Link>{' '}
              is tried out in the strategy lab.
            </p>
            {isAdmin ? (
              <StrategyForm
                {...own}
                name={collection.name}
                strategy={collection.strategy}
                tieRule={collection.tieRule}
                fieldStrategies={collection.fieldStrategies}
              />
            ) : null}
          </Section>
          <Section
            title={
              collection.masked.length === 0
                ? 'No field is masked in dead letters'
                : `${plural(collection.masked.length, 'field')} masked in dead letters`
            }
            note="operators reveal one letter, with a reason"
          >
            {collection.masked.length === 0 ? null : (
              <ul className="issues">
                {collection.masked.map((field) => (
                  <li key={field} className="mono">
                    {field === '' ? '(the whole document)' : field}
                  </li>
                ))}
              </ul>
            )}
            {isAdmin ? <MaskedForm {...own} name={collection.name} masked={collection.masked} /> : null}
          </Section>
          <CollectionRules collection={collection} own={isAdmin ? own : null} />
          <Section title="Thresholds" note="these come before the fleet’s">
            {isAdmin ? (
              <ThresholdsForm
                fleetId={fleet.id}
                otherwise={fleet.limits}
                own={collection.thresholds}
                version={collection.version}
                collectionId={collection.id}
              />
            ) : (
              <KeyValue
                items={COLLECTION_FIELDS.map((field) => ({
                  key: field.label,
                  value: `${limitText(field, collection.thresholds[field.name] ?? fleet.limits[field.name])}${collection.thresholds[field.name] === undefined ? ', as the fleet' : ''}`,
                }))}
              />
            )}
          </Section>
        </div>
      </div>
    </ConsolePage>
  )
}

export default keptPage(CollectionPage)
