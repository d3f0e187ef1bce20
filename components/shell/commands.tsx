'use client'
import { useCallback, useEffect, useRef, useState, useSyncExternalStore, type ComponentType } from 'react'
import type { CommandMenuProps } from '#components/shell/command-menu.tsx'
import { Icon } from '#components/ui/icon.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { showToast } from '#components/ui/toast.tsx'

const OPEN_EVENT = 'tidemark:commands'
export const openCommands = (): void => void window.dispatchEvent(new Event(OPEN_EVENT))

/** Opens the command menu on Ctrl-K, also while someone types; mount once, in the shell. */
export function Commands(props: Omit<CommandMenuProps, 'typed' | 'onClosed'>) {
  const [Menu, setMenu] = useState<ComponentType<CommandMenuProps> | null>(null)
  const { begin, take } = useTypedAhead()
  const isOpen = Menu !== null
  useEffect(() => {
    const open = async (): Promise<void> => {
      begin()
      try {
        const { CommandMenu } = await import('#components/shell/command-menu.tsx')
        setMenu(() => CommandMenu)
      } catch {
        take()
        showToast({ kind: 'crit', text: 'The command menu did not load: the server did not answer' })
      }
    }
    const onOpen = (): void => void open()
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey) return
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      if (isOpen) setMenu(null)
      else void open()
    }
    window.addEventListener(OPEN_EVENT, onOpen)
    window.addEventListener('keydown', onKey)
    return () => {
      window.removeEventListener(OPEN_EVENT, onOpen)
      window.removeEventListener('keydown', onKey)
    }
  }, [isOpen, begin, take])
  return Menu === null ? null : <Menu {...props} typed={take} onClosed={() => setMenu(null)} />
}

/** What is typed from `begin` until it is taken: it is meant for the menu that is on its way, and for no key of the page. */
function useTypedAhead(): { begin: () => void; take: () => string } {
  const ahead = useRef<string | null>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (ahead.current === null || event.key.length !== 1) return
      if (event.ctrlKey || event.metaKey || event.altKey) return
      ahead.current += event.key
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [])
  const begin = useCallback((): void => {
    ahead.current = ''
  }, [])
  const take = useCallback((): string => {
    const text = ahead.current ?? ''
    ahead.current = null
    return text
  }, [])
  return { begin, take }
}

const never = (): (() => void) => () => undefined
const isApple = (): boolean => /mac|iphone|ipad/i.test(navigator.userAgent)

/** In the bar of every page; a phone has it in its sheet. */
export function CommandButton() {
  const hint = useSyncExternalStore(never, isApple, () => false) ? '⌘K' : 'Ctrl K'
  return (
    <button type="button" className="btn command-open" onClick={openCommands}>
      <Icon name="search" />
      <span>Search or run a command</span>
      <Kbd>{hint}</Kbd>
    </button>
  )
}
