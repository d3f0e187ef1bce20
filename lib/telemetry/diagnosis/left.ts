import { pluralText } from '../format.ts'
import type { Evidence, Finding, Found } from './evidence.ts'
import { agoText, depthOf, line, linkTo, queueLine } from './words.ts'

const LINES_MAX = 3

const counted = <T>({ items, more }: Found<T>, noun: string): string =>
  `${more ? 'at least ' : ''}${pluralText(items.length, noun)}`

/** A conflict of its own is for a person; its later edits of that record wait on it. */
export function waitingForPerson(evidence: Evidence): Finding | null {
  const { device, conflicts } = evidence
  const oldest = conflicts.items.at(-1)
  if (oldest === undefined) return null
  const depth = depthOf(evidence)
  const sessionId = conflicts.items.find((conflict) => conflict.sessionId !== null)?.sessionId ?? null
  const one = conflicts.items.length === 1 && !conflicts.more
  return {
    verdict: 'waiting_for_person',
    level: 'held',
    sentence: one
      ? `A conflict of ${device.name} waits for a person`
      : `${counted(conflicts, 'conflict').replace('at', 'At')} of ${device.name} wait for a person`,
    because: 'Nobody has decided yet',
    evidence: [
      ...conflicts.items.slice(0, LINES_MAX).map((conflict) =>
        line(`A record of ${conflict.collection} met another change`, {
          detail: `${agoText(evidence, conflict.createdAtMs)} ago`,
          atMs: conflict.createdAtMs,
          link:
            conflict.sessionId === null
              ? null
              : linkTo('session', { page: 'session', id: conflict.sessionId }),
        }),
      ),
      queueLine(evidence),
    ],
    next: {
      title: one ? 'Decide the conflict' : 'Decide the conflicts',
      detail:
        depth === 0
          ? 'Its other work goes on; later edits of that record would wait on it.'
          : 'Its other work goes on; later edits of that record wait on it until then.',
      action:
        sessionId === null
          ? null
          : { kind: 'link', label: 'See what met', target: { page: 'session', id: sessionId } },
      endsAtMs: null,
    },
  }
}

/** What it sent cannot apply as it is; edits on top of it are held behind. Its queue is not. */
export function heldByDeadLetter(evidence: Evidence): Finding | null {
  const { device, letters } = evidence
  const isHeld = ({ code }: { readonly code: string }): boolean => code === 'parent_dead_lettered'
  const held = letters.items.filter(isHeld).length
  const roots = letters.items.filter((letter) => !isHeld(letter))
  const first = roots[0] ?? letters.items[0]
  if (first === undefined) return null
  const all = letters.items.length
  const many = counted(letters, 'change').replace('at', 'At')
  const behind = held === 0 || roots.length === 0 ? '' : `, ${held} of them behind another`
  return {
    verdict: 'dead_letter',
    level: 'warn',
    sentence: `${many} of ${device.name} ${all === 1 && !letters.more ? 'is a dead letter' : `are dead letters${behind}`}`,
    because: 'What it sent cannot apply as it is',
    evidence: [
      ...(roots.length === 0 ? letters.items : roots).slice(0, LINES_MAX).map((letter) =>
        line(`${letter.mutation.collection}: ${letter.detail}`, {
          detail: `${letter.code}, ${agoText(evidence, letter.createdAtMs)} ago`,
          atMs: letter.createdAtMs,
          link: linkTo('dead letter', { page: 'dead-letter', id: letter.id }),
        }),
      ),
      ...(held === 0
        ? []
        : [
            line(`${pluralText(held, 'edit')} held behind`, {
              detail: 'parent_dead_lettered; a replay of what it stands on runs it too',
            }),
          ]),
      queueLine(evidence),
    ],
    next: {
      title: 'Replay, edit or discard it',
      detail: 'Its queue is not held up; what failed is kept on the server until somebody decides.',
      action: {
        kind: 'link',
        label: 'See the dead letter',
        target: { page: 'dead-letter', id: first.id },
      },
      endsAtMs: null,
    },
  }
}
