'use client'
import { useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import { Icon } from '#components/ui/icon.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { FILTER_LENGTH_MAX } from '#lib/query/field.ts'
import { suggest, type SuggestedKey, type Suggestion } from '#lib/query/suggest.ts'

export type FilterBoxProps = {
  label: string
  source: string
  keys: readonly SuggestedKey[]
  /** What in `source` is not understood stands elsewhere on the page. */
  invalid: boolean
  onSearch: (q: string) => void
}

/** The search box: says which keys there are while one types; the arrows choose, Enter takes or searches. */
export function FilterBox({ label, source, keys, invalid, onSearch }: FilterBoxProps) {
  const id = useId()
  // Not held by React: what is typed before it has taken over the page would be lost.
  const input = useRef<HTMLInputElement>(null)
  const [shown, setShown] = useState<readonly Suggestion[]>([])
  const [chosen, setChosen] = useState(-1)

  const look = (): void => {
    const box = input.current
    setShown(box === null ? [] : suggest(box.value, box.selectionStart ?? box.value.length, keys))
    setChosen(-1)
  }
  const close = (): void => {
    setShown([])
    setChosen(-1)
  }
  const take = ({ text, from, to }: Suggestion): void => {
    const box = input.current
    if (box === null) return
    const open = text.endsWith(':')
    box.value = `${box.value.slice(0, from)}${text}${open ? '' : ' '}${box.value.slice(to).trimStart()}`
    const cursor = from + text.length + (open ? 0 : 1)
    box.setSelectionRange(cursor, cursor)
    box.focus()
    look()
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    close()
    onSearch(input.current?.value.trim() ?? '')
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const active = shown[chosen]
    if (event.key === 'Escape' && shown.length > 0) close()
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (shown.length === 0) look()
      else {
        const by = event.key === 'ArrowDown' ? 1 : -1
        setChosen((at) => (at + by + shown.length + (at === -1 && by === -1 ? 1 : 0)) % shown.length)
      }
    } else if (event.key === 'Enter' && active !== undefined) take(active)
    else return
    event.preventDefault()
  }

  return (
    <form onSubmit={submit} className="filter-box">
      <label className="input">
        <Icon name="search" />
        <span className="sr">{label}</span>
        <input
          ref={input}
          name="q"
          type="search"
          role="combobox"
          aria-expanded={shown.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={chosen === -1 ? undefined : `${id}-${chosen}`}
          aria-invalid={invalid ? 'true' : undefined}
          data-filter=""
          defaultValue={source}
          maxLength={FILTER_LENGTH_MAX}
          placeholder={placeholderOf(label, keys)}
          autoComplete="off"
          spellCheck={false}
          onFocus={look}
          onInput={look}
          onBlur={close}
          onKeyDown={onKeyDown}
        />
        <Kbd>/</Kbd>
      </label>
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label="What may stand here"
        className="pop suggest"
        hidden={shown.length === 0}
      >
        {shown.map((one, index) => (
          <li
            key={one.text}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            // before the box loses its focus, which would close the list
            onPointerDown={(event) => {
              event.preventDefault()
              take(one)
            }}
          >
            <code className="mono">{one.text}</code>
            <span className="den">{one.meaning}</span>
          </li>
        ))}
      </ul>
    </form>
  )
}

const placeholderOf = (label: string, keys: readonly SuggestedKey[]): string =>
  keys.length === 0
    ? label
    : `${label}, or ${keys
        .slice(0, 4)
        .map(({ key }) => `${key}:`)
        .join(' ')} …`
