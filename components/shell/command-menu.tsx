'use client'
import { Dialog } from 'radix-ui'
import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react'
import {
  matchCommands,
  nextCommand,
  type Command,
  type CommandGroup,
} from '#components/shell/command-list.ts'
import { Icon } from '#components/ui/icon.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { Link } from '#components/ui/link.tsx'

/** What is looked for by name; a sentence where that could not be done. */
export type Found = { ok: true; groups: readonly CommandGroup[] } | { ok: false; message: string }
export type FindCommands = (text: string, signal: AbortSignal) => Promise<Found>

export type CommandMenuProps = {
  /** The console's own pages and acts. */
  groups: readonly CommandGroup[]
  /** The same one as long as it looks in the same place. */
  find: FindCommands
  /** Where to look for a text that is typed. */
  searchesOf: (text: string) => CommandGroup
  /** Takes what was typed before its box had the focus. */
  typed: () => string
  onClosed: () => void
}

const TEXT_LENGTH_MAX = 200
/** Looked for once one pauses. */
const PAUSE_MS = 150

/** Pages, devices, incidents and acts by name: type, choose with the arrows, Enter. */
export function CommandMenu(props: CommandMenuProps) {
  const { onClosed } = props
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClosed())}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="pop command-menu" aria-describedby={undefined} aria-modal="true">
          <Dialog.Title className="sr">Search or run a command</Dialog.Title>
          <CommandBox {...props} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function CommandBox({ groups, find, searchesOf, typed, onClosed }: CommandMenuProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [text, setText] = useState('')
  // By its key: what is found a moment later comes in between.
  const [chosen, setChosen] = useState<string | null>(null)
  const asked = text.trim()
  const { found, looking } = useFound(find, asked)
  const shown = [
    ...matchCommands(groups, asked),
    ...(found?.ok === true ? found.groups : []),
    ...(asked === '' ? [] : [searchesOf(asked)]),
  ]
  const commands = shown.flatMap((group) => group.commands)
  const active = Math.max(
    0,
    commands.findIndex(({ key }) => key === chosen),
  )
  const move = (by: 1 | -1): void =>
    setChosen(commands[nextCommand(active, by, commands.length)]?.key ?? null)

  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active, text])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (commands.length === 0) return
    if (event.key === 'ArrowDown') move(1)
    else if (event.key === 'ArrowUp') move(-1)
    else if (event.key === 'Enter')
      list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.click()
    else return
    event.preventDefault()
  }
  return (
    <>
      <label className="command-text">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={commands.length === 0 ? undefined : `${id}-${active}`}
          aria-label="Search or run a command"
          placeholder="A page, a device, an incident, or what to do"
          autoComplete="off"
          spellCheck={false}
          maxLength={TEXT_LENGTH_MAX}
          value={text}
          onFocus={() => {
            const ahead = typed()
            if (ahead !== '') setText(ahead)
          }}
          onChange={(event) => {
            setText(event.target.value)
            setChosen(null)
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div ref={list} id={`${id}-list`} role="listbox" aria-label="Commands" className="command-list">
        {shown.map((group) => (
          <div key={group.key} role="group" aria-labelledby={`${id}-${group.key}`}>
            <div id={`${id}-${group.key}`} className="ml">
              {group.title}
            </div>
            {group.commands.map((command) => {
              const at = commands.indexOf(command)
              return (
                <CommandItem
                  key={command.key}
                  id={`${id}-${at}`}
                  command={command}
                  active={at === active}
                  onPoint={() => setChosen(command.key)}
                  onDone={onClosed}
                />
              )
            })}
          </div>
        ))}
      </div>
      <p className="command-said" role="status">
        {looking ? 'Looking for devices and incidents…' : foundWords(found)}
      </p>
    </>
  )
}

/** Nothing where the list says it all. */
function foundWords(found: Found | null): string {
  if (found === null) return ''
  if (!found.ok) return found.message
  return found.groups.length === 0 ? 'No device or incident of that name' : ''
}

function CommandItem({
  id,
  command,
  active,
  onPoint,
  onDone,
}: {
  id: string
  command: Command
  active: boolean
  onPoint: () => void
  onDone: () => void
}) {
  const inside = (
    <>
      <span>{command.label}</span>
      {command.note === undefined ? null : <span className="den">{command.note}</span>}
      <span className="r">
        {command.hint === undefined ? null : <Kbd>{command.hint}</Kbd>}
        {active ? <Kbd>↵</Kbd> : null}
      </span>
    </>
  )
  // The box keeps the focus: an option is pointed at, never focused.
  const shared = {
    id,
    role: 'option',
    'aria-selected': active,
    className: 'mi',
    tabIndex: -1,
    onPointerMove: active ? undefined : onPoint,
  } as const
  if ('href' in command)
    return (
      <Link {...shared} href={command.href} onClick={onDone}>
        {inside}
      </Link>
    )
  return (
    <div
      {...shared}
      onClick={() => {
        onDone()
        command.run()
      }}
    >
      {inside}
    </div>
  )
}

/** What is found of `text`, once one pauses; an answer to an older text is dropped. */
function useFound(find: FindCommands, text: string): { found: Found | null; looking: boolean } {
  const [answer, setAnswer] = useState<{ text: string; found: Found } | null>(null)
  useEffect(() => {
    if (text === '') return
    const request = new AbortController()
    const look = async (): Promise<void> => {
      const found = await find(text, request.signal).catch((): Found => ({
        ok: false,
        message: 'Nothing could be looked for: the server did not answer',
      }))
      if (!request.signal.aborted) setAnswer({ text, found })
    }
    const timer = setTimeout(() => void look(), PAUSE_MS)
    return () => {
      clearTimeout(timer)
      request.abort()
    }
  }, [find, text])
  const isAnswered = text === '' || answer?.text === text
  // The last answer stays until the next one has come: the list would jump.
  return { found: text === '' ? null : (answer?.found ?? null), looking: !isAnswered }
}
