import { useState, type SyntheticEvent } from 'react'
import { Icon } from '#components/ui/icon.tsx'
import { TextField } from '#components/ui/field.tsx'
import type { SetHandle } from '#lib/client/field-handles.ts'
import type { Json } from '#lib/kernel/json.ts'
import { follow } from './pending-writes.ts'
import { useWrite } from './use-write.ts'

const TAG_LENGTH_MAX = 40
const TAGS_MAX = 50

/** Labels that several people add and take away at once: what anybody added stays, unless somebody who saw it took it away. */
export function TagEditor({ tags, values }: { tags: SetHandle; values: Json | undefined }) {
  const [text, setText] = useState('')
  const { failure, run } = useWrite()
  const found = Array.isArray(values) ? (values as readonly Json[]).map(String) : []
  const add = (event: SyntheticEvent): void => {
    event.preventDefault()
    const tag = text.trim()
    if (tag === '') return
    setText('')
    if (!found.includes(tag)) run(() => follow(tags.add(tag)))
  }
  return (
    <form className="tags" onSubmit={add}>
      <h2>Tags</h2>
      <ul className="tag-list">
        {found.map((tag) => (
          <li key={tag} className="tag plain">
            {tag}
            <button
              type="button"
              className="tag-remove"
              aria-label={`Remove the tag ${tag}`}
              onClick={() => run(() => follow(tags.remove(tag)))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div className="with-button">
        <TextField
          label="Add a tag"
          maxLength={TAG_LENGTH_MAX}
          value={text}
          problem={failure ?? undefined}
          disabled={found.length >= TAGS_MAX}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="btn" disabled={found.length >= TAGS_MAX}>
          Add
        </button>
      </div>
    </form>
  )
}
