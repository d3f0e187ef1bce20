'use client'
import { useEffect, useMemo, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Link } from '#components/ui/link.tsx'
import { plural } from '#components/ui/format.ts'
import { Status } from '#components/ui/status.tsx'
import { Verdict } from '#components/ui/verdict.tsx'
import type { Preview } from '#lib/application/operations/preview-operation.ts'
import { FormFailure } from '../../form-failure.tsx'
import { usePreview, type PreviewState } from '../../use-preview.ts'
import { KIND_WORDS, leftOutWords, previewSentence, type LetterKind } from '../operation-words.ts'
import type { Taken } from '../operation-links.ts'
import { EditFields } from './edit-fields.tsx'
import { readEdit, type EditText } from './edit-text.ts'
import { PreviewPart } from './preview-part.tsx'
import { StartForm } from './start-form.tsx'

export type ComposerProps = {
  kind: LetterKind
  does: string
  taken: Taken
  /** Its filter names no cause: the count has to be typed. */
  takesAll: boolean
  /** The letters that the filter takes; null for some that were chosen by hand. */
  lettersHref: string | null
  /** Poisoned letters that the filter matches and that stay out, with the way to them and to taking them too. */
  leftOut: { letters: number; seeHref: string; takeHref: string } | null
  fleetId: string
  query: string
  schemas: readonly { name: string; version: number }[]
}

const NO_EDIT: EditText = { by: 'patch', patch: '', from: '' }

/** A bulk action before it is made: what it takes, what it would do, and what it needs to start. */
export function Composer(props: ComposerProps) {
  const { kind, does, taken, lettersHref, fleetId, schemas } = props
  const [state, look] = usePreview<Preview>(
    `/api/admin/v1/operations/preview?fleet=${encodeURIComponent(fleetId)}`,
  )
  const [text, setText] = useState(NO_EDIT)
  const edit = useMemo(() => (kind === 'edit' ? readEdit(text) : null), [kind, text])
  // As text: what the server draws anew is the same question, and must not empty what is typed below.
  const asked = JSON.stringify({ kind, ...taken, ...(edit?.ok === true ? { edit: edit.value } : {}) })
  const isWhole = kind !== 'edit' || edit?.ok === true
  useEffect(() => {
    // An edit is typed first; all else can be looked at as it is.
    if (kind !== 'edit') look(asked)
  }, [kind, look, asked])
  const { looked, failure } = state
  const isCurrent = looked?.asked === asked
  return (
    <>
      <Verdict sentence={sentenceOf(kind, state)} evidence={does} />
      <p className="sub taken">
        {'q' in taken ? (
          <>
            Those of the filter <span className="mono">{taken.q === '' ? '(none)' : taken.q}</span>, as it is
            when it starts; ages in it become times then.
          </>
        ) : (
          `${plural(taken.letters.length, 'letter')} chosen by hand, with what is held behind them.`
        )}{' '}
        {lettersHref === null ? null : (
          <Link className="link" href={lettersHref}>
            See them
          </Link>
        )}
      </p>
      {props.leftOut === null ? null : <LeftOut {...props.leftOut} />}
      {kind === 'edit' ? (
        <EditFields
          text={text}
          onText={setText}
          problem={edit?.ok === false && text.patch + text.from !== '' ? edit.error : null}
          schemas={schemas}
          onPreview={isWhole ? () => look(asked) : null}
        />
      ) : null}
      {failure === null ? null : (
        <div role="alert">
          <FormFailure failure={failure} whole="(all of it)" />
          <Button onClick={() => look(asked)}>Try again</Button>
        </div>
      )}
      <PreviewPart
        state={state}
        isCurrent={isCurrent}
        query={props.query}
        onAgain={isWhole ? () => look(asked) : null}
      />
      {looked !== null && isCurrent && looked.preview.matched > 0 ? (
        <StartForm {...props} asked={asked} preview={looked.preview} onMoved={() => look(asked)} />
      ) : null}
    </>
  )
}

/** Why fewer letters run than match. */
function LeftOut({ letters, seeHref, takeHref }: NonNullable<ComposerProps['leftOut']>) {
  return (
    <p>
      <Status kind="held">{leftOutWords(letters)}</Status>{' '}
      <Link className="link" href={seeHref}>
        See {letters === 1 ? 'it' : 'those'}
      </Link>{' '}
      <Link className="link" href={takeHref}>
        Take {letters === 1 ? 'it' : 'them'} too
      </Link>
    </p>
  )
}

function sentenceOf(kind: LetterKind, { looked, failure, sinceMs }: PreviewState<Preview>): string {
  if (failure !== null) return 'The dry run did not come to an end; nothing was changed'
  if (looked !== null) return previewSentence(kind, looked.preview)
  if (sinceMs !== null) return 'A dry run looks what would become of each letter'
  return `${KIND_WORDS[kind].name}: say what to change, then see what it would do`
}
