import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { AreaField } from '#components/ui/field.tsx'
import type { TextHandle } from '#lib/client/field-handles.ts'
import type { Json } from '#lib/kernel/json.ts'
import { follow } from './pending-writes.ts'
import { editBetween } from './text-edit.ts'

/**
 * A text that several write in at once. Each edit is a change of its own, on the device's disk before the next one; what
 * others wrote comes in between, and the cursor stays at what it stands before.
 */
export function SharedRemarks({ text, value }: { text: TextHandle; value: Json | undefined }) {
  const stored = typeof value === 'string' ? value : ''
  const { shown, failure, type, box } = useSharedText(text, stored)
  return (
    <div className="shared-remarks">
      <h2>Shared remarks</h2>
      <AreaField
        label="Everybody writes in the same text"
        ref={box}
        rows={5}
        value={shown}
        problem={failure ?? undefined}
        onChange={(event) => type(event.target.value)}
      />
    </div>
  )
}

function useSharedText(text: TextHandle, stored: string) {
  const box = useRef<HTMLTextAreaElement>(null)
  const [shown, setShown] = useState(stored)
  const [failure, setFailure] = useState<string | null>(null)
  /** What the person sees; what of it is in the store; and whether a write is under way. */
  const live = useRef({ shown: stored, written: stored, isWriting: false, cursor: null as Cursor | null })

  const writeOn = async (): Promise<void> => {
    const state = live.current
    if (state.isWriting) return
    state.isWriting = true
    try {
      for (
        let edit = editBetween(state.written, state.shown);
        edit;
        edit = editBetween(state.written, state.shown)
      ) {
        const seen = state.shown
        // Others' changes may have come since: the edit goes where its place is now.
        const { positions } = await text.follow(state.written, [edit.index, edit.index + edit.removed])
        const [from = 0, to = from] = positions
        // Somebody else may have taken out the same.
        if (to > from || edit.inserted !== '') await text.edit([{ ...edit, index: from, removed: to - from }])
        state.written = seen
      }
      setFailure(null)
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error))
    } finally {
      state.isWriting = false
    }
    await takeIn()
  }
  /** Shows what stands in the store, once all that was typed is in it. */
  const takeIn = async (): Promise<void> => {
    const state = live.current
    if (state.isWriting || state.shown !== state.written) return
    const area = box.current
    const seen = state.shown
    const at = area === null ? [0, 0] : [area.selectionStart, area.selectionEnd]
    const found = await text.follow(seen, at)
    if (state.isWriting || state.shown !== seen || found.value === seen) return
    Object.assign(state, { shown: found.value, written: found.value, cursor: found.positions })
    setShown(found.value)
  }
  useEffect(() => {
    void takeIn().catch(() => undefined)
    // The record was read anew: nothing else tells that others wrote.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `takeIn` reads what is live
  }, [stored])
  useLayoutEffect(() => {
    const { cursor } = live.current
    live.current.cursor = null
    if (cursor && box.current && document.activeElement === box.current)
      box.current.setSelectionRange(cursor[0] ?? 0, cursor[1] ?? 0)
  }, [shown])

  const type = (next: string): void => {
    live.current.shown = next
    setShown(next)
    void follow(writeOn()).catch(() => undefined)
  }
  return { shown, failure, type, box }
}

type Cursor = readonly number[]
