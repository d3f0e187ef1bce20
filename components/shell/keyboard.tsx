'use client'
import { useRouter, useSearchParams } from 'next/navigation'
import { Dialog } from 'radix-ui'
import { useEffect, useRef, useState } from 'react'
import { MOVE_EVENT, nextKeyState, type KeyAct } from '#components/shell/key-map.ts'
import { carryShared } from '#components/ui/search-params.ts'

/** `g` and then `key` opens the page. */
export type GoPage = { key: string; label: string; href: string }

const HELP_EVENT = 'tidemark:help'
export const openHelp = (): void => void window.dispatchEvent(new Event(HELP_EVENT))

/** The keys of the console; mount once, in the shell. Nothing happens while someone types. */
export function Keyboard({ pages }: { pages: readonly GoPage[] }) {
  const [help, setHelp] = useState(false)
  const router = useRouter()
  const params = useSearchParams()
  const pressed = useRef<{ key: string; atMs: number } | null>(null)

  useEffect(() => {
    const perform = (act: KeyAct): void => {
      if (act.kind === 'go') {
        const page = pages.find((candidate) => candidate.key === act.key)
        if (page !== undefined) router.push(carryShared(page.href, params.toString()))
      } else if (act.kind === 'move') moveRow(act.by)
      else if (act.kind === 'filter') document.querySelector<HTMLInputElement>('[data-filter]')?.focus()
      else setHelp(true)
    }
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
        return
      const { act, prefix } = nextKeyState(pressed.current, event.key, event.timeStamp)
      pressed.current = prefix
      if (act === null) return
      event.preventDefault()
      perform(act)
    }
    const onHelp = (): void => setHelp(true)
    window.addEventListener('keydown', onKey)
    window.addEventListener(HELP_EVENT, onHelp)
    return () => {
      window.removeEventListener('keydown', onKey)
      window.removeEventListener(HELP_EVENT, onHelp)
    }
  }, [pages, params, router])

  return <HelpDialog open={help} onOpenChange={setHelp} pages={pages} />
}

/** The `?` in the rail. */
export function HelpButton() {
  return (
    <button type="button" className="help" aria-label="All keyboard shortcuts" onClick={openHelp}>
      <kbd>?</kbd>
    </button>
  )
}

function HelpDialog({
  open,
  onOpenChange,
  pages,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  pages: readonly GoPage[]
}) {
  const keys: readonly (readonly [string, string])[] = [
    ['Ctrl K', 'Search or run a command; ⌘K on a Mac'],
    ['j k', 'Next and previous row'],
    ['Home End', 'First and last row that is loaded'],
    ['Enter', 'Open the row'],
    ['x', 'Select the row, where rows can be; Shift x all from the last one on'],
    ['r', 'Replay the dead letter that is shown, or those that are selected'],
    ['e', 'Edit it and replay; of a selection, by a patch'],
    ['/', 'Search this page'],
    ...pages.map((page) => [`g ${page.key}`, page.label] as const),
    ['Esc', 'Close'],
    ['?', 'These keys'],
  ]
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content className="pop dialog" aria-describedby={undefined}>
          <Dialog.Title asChild>
            <h2>Keys</h2>
          </Dialog.Title>
          <dl className="keys">
            {keys.map(([key, does]) => (
              <div key={key} style={{ display: 'contents' }}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Moves the focus to the next row's link; the browser's own Enter opens it. */
function moveRow(by: 1 | -1): void {
  if (!document.dispatchEvent(new CustomEvent(MOVE_EVENT, { detail: by, cancelable: true }))) return
  const links = [...document.querySelectorAll<HTMLElement>('[data-row] .row-link')]
  const focused = links.findIndex((link) => link === document.activeElement)
  // A list beside the thing that was opened goes on from there.
  const at = focused === -1 ? links.findIndex((link) => link.querySelector('[aria-current]')) : focused
  const next =
    at === -1 ? (by === 1 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))
  links[next]?.focus()
  links[next]?.scrollIntoView({ block: 'nearest' })
}

/** In a field, a menu or a dialog the keys belong to it. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, [role="menu"], [role="dialog"]') !== null
  )
}
