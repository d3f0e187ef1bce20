'use client'
import type { ReactNode } from 'react'
import { Status } from '#components/ui/status.tsx'
import type { Replica } from '#lib/client/replica.ts'
import type { DeadLetterNotice as Letter, LocalRefusal } from '#lib/client/tables.ts'
import { refusalSentence } from './refusal-words.ts'
import { useDeadLetters, useRefusals } from './use-replica.ts'

const SHOWN_MAX = 20

/**
 * Own changes that did not go through: what was refused, why, and what happens to it. `describe` names a change for
 * people, for example by its record's title, and `label` a field.
 */
export function DeadLetterNotice({
  replica,
  describe,
  label,
}: {
  replica: Pick<Replica, 'deadLetters$' | 'refusals$'>
  describe?: (mutation: Letter['mutation']) => ReactNode
  label?: (field: string) => string
}) {
  const letters = useDeadLetters(replica)
  const refusals = useRefusals(replica)
  if (letters.length + refusals.length === 0) return null
  return (
    <section className="dead-letters" aria-label="Changes that were not applied">
      <Changes
        word="Not applied"
        about="The server could not apply these. It keeps them: an operator can correct them and apply them then, and this goes away by itself."
        notices={letters}
        describe={describe}
        label={label}
      />
      <Changes
        word="Refused"
        about="The server did not take these, and only this device has them. Correct the report and save it again."
        notices={refusals}
        describe={describe}
        label={label}
      />
    </section>
  )
}

function Changes({
  word,
  about,
  notices,
  describe,
  label,
}: {
  word: string
  about: string
  notices: readonly (Letter | LocalRefusal)[]
  describe: ((mutation: Letter['mutation']) => ReactNode) | undefined
  label: ((field: string) => string) | undefined
}) {
  if (notices.length === 0) return null
  return (
    <>
      <p>
        <Status kind="crit">{word}</Status> {about}
      </p>
      <ul>
        {notices.slice(0, SHOWN_MAX).map((notice) => (
          <li key={notice.mutation.id}>
            <b>{describe?.(notice.mutation) ?? notice.mutation.collection}</b>:{' '}
            {refusalSentence(notice, label)}
          </li>
        ))}
      </ul>
      {notices.length > SHOWN_MAX ? <p className="sub">and {notices.length - SHOWN_MAX} more</p> : null}
    </>
  )
}
