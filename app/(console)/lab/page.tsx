import type { Metadata } from 'next'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { formatCount, plural } from '#components/ui/format.ts'
import { Link } from '#components/ui/link.tsx'
import { carryShared, withParams } from '#components/ui/search-params.ts'
import { Section } from '#components/ui/section.tsx'
import { Status } from '#components/ui/status.tsx'
import { Time } from '#components/ui/time.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import { listCollections } from '#lib/application/collections/list-collections.ts'
import { labBoard, type LabBoard } from '#lib/application/lab/lab-board.ts'
import { ConsolePage } from '../console-page.tsx'
import { keptPage } from '../kept-page.tsx'
import type { PageProps } from '../search-params.ts'
import { visit, type Visit } from '../viewer.ts'
import { ApplyForm } from './apply-form.tsx'
import { LabExamples, shownOf } from './lab-examples.tsx'
import { LabFields } from './lab-fields.tsx'
import { LabProgress } from './lab-progress.tsx'
import { LabTable } from './lab-table.tsx'
import { changedSince, CLOCKS, clocksWords, labSentence, runEvidence, RUN_WORDS } from './lab-words.ts'
import { RunActs } from './run-acts.tsx'
import { LAB, loadLab } from './search-params.ts'
import { weightsLine } from './weight-words.ts'
import { WeightsForm } from './weights-form.tsx'

export const metadata: Metadata = { title: 'Strategy lab · Tidemark' }

type Collection = Awaited<ReturnType<typeof listCollections>>[number]

/** Is this the right strategy? */
async function LabPage({ searchParams }: PageProps) {
  const [at, params] = await Promise.all([visit('/lab', searchParams, LAB), loadLab(searchParams)])
  const collections = await listCollections(at.ctx, { actor: at.actor, fleetId: at.fleet.id })
  const asked = collections.find(({ id }) => id === params.collection)
  const collection = asked ?? collections[0]
  if (collection === undefined)
    return (
      <ConsolePage at={at} range crumbs={[{ label: 'Strategy lab' }]}>
        <Verdict sentence="There is no collection to try strategies on" />
        <EmptyState
          title="Make a collection first"
          detail="What devices write then is what the lab replays."
        />
      </ConsolePage>
    )
  const board = await labBoard(at.ctx, {
    actor: at.actor,
    fleetId: at.fleet.id,
    collectionId: collection.id,
    runId: params.run,
  })
  const shown = shownOf(params.show, board.rows)
  // Another collection's lab must not pass for the one that a link names.
  const unknown =
    params.collection === null || asked !== undefined
      ? []
      : [`collection=${params.collection} (this fleet has no such collection)`]
  const seen = { ...at, misread: [...at.misread, ...unknown] }
  return (
    <ConsolePage at={seen} range crumbs={[{ label: 'Strategy lab' }]}>
      <Verdict
        sentence={labSentence(collection.name, board.run, board.rows)}
        evidence={<Evidence board={board} at={at} />}
        actions={
          at.fleet.role === 'viewer' ? undefined : (
            <RunActs
              fleetId={at.fleet.id}
              collectionId={collection.id}
              fromMs={at.span.fromMs}
              toMs={at.span.toMs}
              clocksOffMs={params.off}
              query={at.query}
              settings={collection}
            />
          )
        }
      />
      <Choices at={at} collections={collections} collection={collection} off={params.off} />
      {board.run?.state === 'running' ? (
        <LabProgress
          run={board.run}
          fleetId={at.fleet.id}
          mayStop={at.fleet.role !== 'viewer'}
          key={board.run.id}
        />
      ) : null}
      {board.run === null ? (
        <EmptyState
          title="Nothing was replayed yet"
          detail={
            at.fleet.role === 'viewer'
              ? 'An operator runs the lab; what it finds stands here then.'
              : 'Run the lab: the conflicts of the time above are decided anew by every strategy. Nothing is changed.'
          }
        />
      ) : null}
      {board.rows.length === 0 ? null : <Report at={at} board={board} collection={collection} />}
      {shown === null ? null : <LabExamples {...shown} query={at.query} />}
      {board.run?.report ? <LabFields fields={board.fields} total={board.run.report.fieldsTotal} /> : null}
      <Runs at={at} board={board} collection={collection} />
    </ConsolePage>
  )
}

function Evidence({ board: { run }, at }: { board: LabBoard; at: Visit }) {
  if (run === null)
    return <>Recorded conflicts are decided anew by every strategy; nothing is changed by it.</>
  const said = runEvidence(run)
  return (
    <>
      Run by {run.actor.name} <Time at={run.createdAtMs} now={at.nowMs} />
      {said === null ? null : `; ${said}`}
      {run.report === null ? null : (
        <>
          ; conflicts that arose from <Time at={run.report.fromMs} now={at.nowMs} show="clock" /> to{' '}
          <Time at={run.report.toMs} now={at.nowMs} show="clock" />
        </>
      )}
    </>
  )
}

/** What the next run is over. */
function Choices({
  at,
  collections,
  collection,
  off,
}: {
  at: Visit
  collections: readonly Collection[]
  collection: Collection
  off: number
}) {
  const own = CLOCKS.some(({ ms }) => ms === off)
    ? []
    : [{ ms: off, words: `${formatCount(off / 1_000)} s off` }]
  return (
    <div className="lab-choices">
      <nav aria-label="Collection">
        <span className="sub">Collection</span>
        {collections.map(({ id, name }) => (
          <Link
            key={id}
            className="chip"
            href={withParams('/lab', at.query, { collection: id, run: null, show: null })}
            aria-current={id === collection.id ? 'true' : undefined}
            scroll={false}
          >
            {name}
          </Link>
        ))}
        <Link className="chip" href={carryShared(`/collections/${collection.id}`, at.query)}>
          Its rules
        </Link>
      </nav>
      <nav aria-label="Clocks of the next run">
        <span className="sub">Next run with clocks</span>
        {[...CLOCKS, ...own].map(({ ms, words }) => (
          <Link
            key={ms}
            className="chip"
            href={withParams('/lab', at.query, { off: ms === 0 ? null : String(ms) })}
            aria-current={ms === off ? 'true' : undefined}
            scroll={false}
          >
            {words}
          </Link>
        ))}
      </nav>
    </div>
  )
}

function Report({ at, board, collection }: { at: Visit; board: LabBoard; collection: Collection }) {
  const isAdmin = at.fleet.role === 'admin'
  const which = { fleetId: at.fleet.id, collectionId: collection.id, name: collection.name }
  const others = board.rows
    .filter(({ isNow, counts }) => !isNow && counts.conflicts > 0)
    .map(({ id, settings, counts, differs, isCheapest, isNow }) => ({
      id,
      settings,
      counts,
      differs,
      isCheapest,
      isNow,
    }))
  const changed = changedSince(board.rows)
  return (
    <Section
      title="Every strategy over the same conflicts"
      note={`costs: ${weightsLine(board.weights.weights)}`}
    >
      {changed === null ? null : (
        <p>
          <Status kind="warn">Older settings</Status> {changed}
        </p>
      )}
      <LabTable rows={board.rows} query={at.query} />
      {isAdmin ? (
        <div className="lab-acts">
          <WeightsForm {...which} stored={board.weights} />
          <ApplyForm
            {...which}
            version={collection.version}
            fieldStrategies={collection.fieldStrategies}
            rows={others}
            key={board.run?.id}
          />
        </div>
      ) : (
        <p className="sub">An administrator sets the weights, and applies a strategy.</p>
      )}
    </Section>
  )
}

function Runs({ at, board, collection }: { at: Visit; board: LabBoard; collection: Collection }) {
  if (board.runs.length === 0) return null
  return (
    <Section title={plural(board.runs.length, 'run')} note="newest first; the last 20 are kept">
      <ul className="lab-list">
        {board.runs.map((run) => (
          <li key={run.id}>
            <Link
              className="link"
              href={withParams('/lab', at.query, { collection: collection.id, run: run.id, show: null })}
              aria-current={run.id === board.run?.id ? 'true' : undefined}
              scroll={false}
            >
              <Time at={run.createdAtMs} now={at.nowMs} />
            </Link>{' '}
            <Status kind={RUN_WORDS[run.state].kind}>{RUN_WORDS[run.state].word}</Status>{' '}
            {plural(run.looked, 'conflict')}, {clocksWords(run.input.clocksOffMs)}
            {run.input.proposed === null ? null : ', with settings that were tried'} by {run.actor.name}
          </li>
        ))}
      </ul>
    </Section>
  )
}

export default keptPage(LabPage)
