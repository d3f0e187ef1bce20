'use client'
import { useRouter } from 'next/navigation'
import { useMemo, type ReactNode } from 'react'
import { Pager } from '#components/table/pager.tsx'
import { Button, LinkButton } from '#components/ui/button.tsx'
import { formatCount } from '#components/ui/format.ts'
import { Kbd } from '#components/ui/kbd.tsx'
import { Link } from '#components/ui/link.tsx'
import { OPERATION_LETTERS_MAX } from '#lib/protocol/limits.ts'
import { isAmong, type Filter } from '#lib/query/field.ts'
import type { LetterKey } from '#lib/query/letter-fields.ts'
import { newOperationHref } from '../operations/operation-links.ts'
import { KIND_WORDS, type Kind } from '../operations/operation-words.ts'
import { ItemTable, type LetterRow } from './item-table.tsx'
import { askedOf, filterHref, STATUSES, without } from './letter-links.ts'
import { ALL, extend, isTooMany, NONE, selectionWords, toggle, type Selection } from './letter-selection.ts'
import { SplitDialog } from './split-dialog.tsx'
import { useListKeys } from './use-list-keys.ts'
import { useSelection } from './use-selection.ts'

export type LettersPaneProps = {
  title: string
  rows: readonly LetterRow[]
  nextCursor: string | null
  /** Exactly so many letters are in the list, on all its pages. */
  matching: number
  isMixed: boolean
  currentId: string | null
  /** What the list asks for, and the same as one would type it. */
  listed: Filter<LetterKey>
  q: string
  fleetId: string
  query: string
  nowMs: number
  role: string
  exports: { csv: string; ndjson: string }
  /** Instead of the rows, where there are none. */
  empty: ReactNode
}

/** The letters of a cause or of a filter, page by page; some of them or all that match can be chosen. */
export function LettersPane(props: LettersPaneProps) {
  const { title, rows, nextCursor, listed, query, fleetId, q, role, exports, empty } = props
  const status = askedOf(listed, 'status')
  const [selection, select] = useSelection(`${fleetId} ${q}`)
  const page = rows.map(({ id }) => id)
  const mayAct = role !== 'viewer'
  const router = useRouter()
  const kinds = kindsFor(listed)
  const hrefOf = (kind: Kind): string =>
    newOperationHref(query, kind, selection.kind === 'all' ? { q } : { letters: [...selection.ids] })
  useListKeys({
    onPick: (id, range) => {
      if (mayAct) select(range ? extend(selection, page, id) : toggle(selection, page, id))
    },
    onKey: (key) => {
      const kind = kinds.find((one) => KEYS[one] === key)
      if (kind === undefined || !isActable(selection)) return false
      router.push(hrefOf(kind))
      return true
    },
  })
  const choose = useMemo(() => (mayAct ? { selection, select } : null), [mayAct, selection, select])
  return (
    <>
      <div className="pane-head">
        <h2>{title}</h2>
        <span className="r">
          {STATUSES.map((option) => (
            <Link
              key={option}
              className="chip"
              href={filterHref(query, [...without(listed, 'status'), isAmong('status', option)])}
              aria-current={option === status ? 'true' : undefined}
              scroll={false}
            >
              {option}
            </Link>
          ))}
        </span>
      </div>
      {rows.length === 0 ? empty : <ItemTable {...props} choose={choose} />}
      {rows.length === 0 && nextCursor === null ? null : (
        <div className="list-foot">
          {mayAct && rows.length > 0 ? (
            <Chosen
              {...props}
              page={page}
              selection={selection}
              select={select}
              kinds={kinds}
              hrefOf={hrefOf}
            />
          ) : null}
          <Pager place={{ path: '/dead-letters', query }} shown={rows.length} nextCursor={nextCursor}>
            <a className="btn quiet" href={exports.csv} download>
              Export CSV
            </a>
            <a className="btn quiet" href={exports.ndjson} download>
              Export NDJSON
            </a>
          </Pager>
        </div>
      )}
    </>
  )
}

const KEYS: Partial<Record<Kind, string>> = { replay: 'r', edit: 'e' }

const hintOf = (kind: Kind): { hint?: string } => {
  const hint = KEYS[kind]
  return hint === undefined ? {} : { hint }
}

/** What can be done with letters of the status that is listed. Pure. */
function kindsFor(listed: Filter<LetterKey>): readonly Kind[] {
  const status = askedOf(listed, 'status')
  if (status === 'replayed') return []
  if (status === 'discarded') return ['restore']
  return ['replay', 'edit', 'discard']
}

const isActable = (selection: Selection): boolean =>
  selection.kind === 'all' || (selection.ids.size > 0 && !isTooMany(selection))

/** What is chosen in words, the step to all that match, and what can be done with it. */
function Chosen({
  fleetId,
  matching,
  page,
  selection,
  select,
  kinds,
  hrefOf,
}: LettersPaneProps & {
  page: readonly string[]
  selection: Selection
  select: (next: Selection) => void
  kinds: readonly Kind[]
  hrefOf: (kind: Kind) => string
}) {
  const isNone = selection.kind === 'some' && selection.ids.size === 0
  return (
    <section className="chosen" aria-label="Selection">
      <p>
        <b role="status">{selectionWords(selection, { page, matching }, formatCount)}</b>
        <span className="sub keys-hint">
          <Kbd>j</Kbd> <Kbd>k</Kbd> move · <Kbd>x</Kbd> select · <Kbd>⇧</Kbd> <Kbd>x</Kbd> range
        </span>
        {isTooMany(selection) ? (
          <span className="sub">
            By hand at most {OPERATION_LETTERS_MAX} go at once; select all matching, or filter for them.
          </span>
        ) : null}
      </p>
      <div className="acts">
        {selection.kind === 'all' ? null : (
          <Button tone="quiet" onClick={() => select(ALL)}>
            Select all {formatCount(matching)} matching
          </Button>
        )}
        {isNone ? null : (
          <Button tone="quiet" onClick={() => select(NONE)}>
            Clear
          </Button>
        )}
        {isNone || isTooMany(selection)
          ? null
          : kinds.map((kind) => (
              <LinkButton
                key={kind}
                tone={kind === 'discard' ? 'quiet danger' : 'plain'}
                href={hrefOf(kind)}
                {...hintOf(kind)}
              >
                {KIND_WORDS[kind].name}…
              </LinkButton>
            ))}
        {selection.kind === 'some' && !isNone ? (
          <SplitDialog letters={[...selection.ids]} fleetId={fleetId} onDone={() => select(NONE)} />
        ) : null}
      </div>
    </section>
  )
}
