'use client'
import { useId, useState } from 'react'
import { Status } from '#components/ui/status.tsx'
import type { Collection, RecordView } from '#lib/client/collection.ts'
import type { ConflictNotice } from '#lib/client/tables.ts'
import type { Json, JsonObject } from '#lib/kernel/json.ts'
import { ownValue } from '#lib/kernel/json.ts'
import { chosenChanges, conflictFields, sameValue, type ConflictField, type Side } from './conflict-fields.ts'

export interface ConflictViewProps {
  readonly conflict: ConflictNotice
  /** The record as this device shows it: its own side; null where that is to have removed it. */
  readonly record: Pick<RecordView, 'data'> | null
  readonly collection: Pick<Collection, 'put' | 'patch' | 'remove'>
  /** A field's name for people. */
  readonly label?: (field: string) => string
  /** Fields that merge by themselves, of which nobody has to choose a side. */
  readonly merging?: readonly string[]
  readonly onDecided?: () => void
}

/**
 * One conflict, field by field: what this device has, what the server has, and which of the two is to stay. A decision stands
 * on what was drawn: what comes while it is made is shown, and asked about again where it was not seen (CS12).
 */
export function ConflictView({
  conflict,
  record,
  collection,
  label = (field) => field,
  merging = [],
  onDecided,
}: ConflictViewProps) {
  const theirs = theirsOf(conflict)
  const [first] = useState(theirs)
  const mine = record?.data ?? null
  const kept = theirs ?? mine
  const id = conflict.recordId
  const fields = theirs === null || mine === null ? [] : conflictFields(mine, theirs, merging)
  const [chosen, setChosen] = useState<Readonly<Record<string, Side>>>({})
  const { failure, isBusy, run } = useDecision(onDecided)
  const resolves = { resolves: conflict }
  const isNew = (field: string): boolean =>
    first !== null && theirs !== null && !sameValue(ownValue(first, field), ownValue(theirs, field))
  const news = fields.filter(({ field }) => isNew(field)).map(({ field }) => label(field))
  const said = whatIsNew(first, theirs, mine, news)
  const decide = (sides: Readonly<Record<string, Side>>): void =>
    run(async () => {
      if (theirs === null) throw new Error('there is no other side to choose from')
      const { set, unset } = chosenChanges(fields, sides)
      await (fields.length === 0
        ? collection.put(id, theirs, resolves)
        : collection.patch(id, { set, unset }, resolves))
    })
  const all = (side: Side): Record<string, Side> =>
    Object.fromEntries(fields.map(({ field }) => [field, side]))
  const isWhole = fields.every(({ field }) => chosen[field] !== undefined)
  return (
    <section className="conflict-view" aria-label="Conflict">
      <p>
        <Status kind="warn">To decide</Status>{' '}
        {theirs === null
          ? 'Somebody removed this while you changed it here.'
          : mine === null
            ? 'Somebody changed this while you removed it here.'
            : 'Somebody changed the same while you changed it here. Nothing is lost: choose what is to stay.'}
      </p>
      <div role="status">
        {said === null ? null : (
          <p>
            <Status kind="warn">Changed meanwhile</Status> {said}
          </p>
        )}
      </div>
      {theirs === null || mine === null ? (
        <KeepOrRemove
          isBusy={isBusy}
          keep={theirs === null ? 'Keep it, with my changes' : 'Keep it, with their changes'}
          onKeep={kept === null ? null : () => run(() => collection.put(id, kept, resolves))}
          remove={theirs === null ? 'Let it stay removed' : 'Remove it everywhere'}
          onRemove={() => run(() => collection.remove(id, resolves))}
        />
      ) : (
        <>
          <ul className="conflict-fields">
            {fields.map((row) => (
              <FieldChoice
                key={row.field}
                row={row}
                name={label(row.field)}
                isNew={isNew(row.field)}
                chosen={chosen[row.field]}
                onChoose={(side) => setChosen((before) => ({ ...before, [row.field]: side }))}
              />
            ))}
          </ul>
          <div className="acts">
            <button
              type="button"
              className="btn primary"
              disabled={isBusy || !isWhole}
              onClick={() => decide(chosen)}
            >
              Save what I chose
            </button>
            <button type="button" className="btn" disabled={isBusy} onClick={() => decide(all('mine'))}>
              Keep all of mine
            </button>
            <button type="button" className="btn" disabled={isBusy} onClick={() => decide(all('theirs'))}>
              Take all of theirs
            </button>
          </div>
          {isWhole ? null : <p className="sub">Choose a side of each field to save a mixture.</p>}
        </>
      )}
      {failure === null ? null : (
        <p role="alert">
          <Status kind="crit">Not saved</Status> {failure}
        </p>
      )}
    </section>
  )
}

const theirsOf = ({ record }: ConflictNotice): JsonObject | null =>
  record?.deleted === true ? null : (record?.data ?? null)

/** What became of their side since it was first drawn here; null where nothing did that a person has to choose about. */
function whatIsNew(
  first: JsonObject | null,
  theirs: JsonObject | null,
  mine: JsonObject | null,
  fields: readonly string[],
): string | null {
  if (theirs === null) return first === null ? null : 'They removed it.'
  if (first === null) return 'They put it there again.'
  if (mine === null) return sameValue(first, theirs) ? null : 'They changed it once more.'
  if (fields.length === 0) return null
  return `Theirs is new: ${fields.join(', ')}. What you chose stays chosen; look at it once more.`
}

function KeepOrRemove({
  isBusy,
  keep,
  onKeep,
  remove,
  onRemove,
}: {
  isBusy: boolean
  keep: string
  /** Null where this device no longer has what would be kept. */
  onKeep: (() => void) | null
  remove: string
  onRemove: () => void
}) {
  return (
    <div className="acts">
      {onKeep === null ? (
        <p>
          What it said is no longer on this device. Your change is with the operators, who can bring it back
          with it. If it may stay removed, say so here.
        </p>
      ) : (
        <button type="button" className="btn primary" disabled={isBusy} onClick={onKeep}>
          {keep}
        </button>
      )}
      <button type="button" className="btn" disabled={isBusy} onClick={onRemove}>
        {remove}
      </button>
    </div>
  )
}

function FieldChoice({
  row,
  name,
  isNew,
  chosen,
  onChoose,
}: {
  row: ConflictField
  name: string
  /** Their side has become another one since it was first drawn. */
  isNew: boolean
  chosen: Side | undefined
  onChoose: (side: Side) => void
}) {
  const group = useId()
  const choice = (side: Side, title: string, value: Json | undefined) => (
    <label className="conflict-side">
      <input type="radio" name={group} checked={chosen === side} onChange={() => onChoose(side)} />
      <span>
        <span className="sub">{title}</span> <b>{valueText(value)}</b>
      </span>
    </label>
  )
  return (
    <li>
      <fieldset>
        <legend>{name}</legend>
        {choice('mine', 'Mine', row.mine)}
        {choice('theirs', isNew ? 'Theirs, new' : 'Theirs', row.theirs)}
      </fieldset>
    </li>
  )
}

/** A value as a person reads it. */
function valueText(value: Json | undefined): string {
  if (value === undefined || value === null || value === '') return 'not given'
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** One decision at a time, and why the last one could not be kept. */
function useDecision(onDecided: (() => void) | undefined) {
  const [failure, setFailure] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const run = (write: () => Promise<unknown>): void => {
    setIsBusy(true)
    setFailure(null)
    write()
      .then(
        () => onDecided?.(),
        (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => setIsBusy(false))
  }
  return { failure, isBusy, run }
}
