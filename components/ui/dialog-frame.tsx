'use client'
import { Dialog } from 'radix-ui'
import { useRef, type ReactNode } from 'react'

/**
 * A dialog on any button: its title, what it is about, and whatever stands in it. Esc closes it; a press beside it doesn't, since
 * what stands in it was typed, or is shown once.
 */
export function DialogFrame({
  trigger,
  title,
  about,
  open,
  onOpenChange,
  onClosed,
  children,
}: {
  /** One element that takes a ref, such as a button; left out where something else opens it. */
  trigger?: ReactNode
  title: string
  about: ReactNode
  open: boolean
  onOpenChange: (open: boolean) => void
  /** Once it has let go of the focus, which whoever opened it takes back. */
  onClosed?: (() => void) | undefined
  children: ReactNode
}) {
  const content = useRef<HTMLDivElement>(null)
  // Radix closes what it knows to lie on top, and learns of a new dialog some moments after that has the focus: Esc in
  // it would close the form below, with what was typed there.
  const leaveToFocused = (event: KeyboardEvent): void => {
    const focused = event.target instanceof Element ? event.target.closest('[role=dialog]') : null
    if (focused !== null && focused !== content.current) event.preventDefault()
  }
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      {trigger === undefined ? null : <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>}
      <Dialog.Portal>
        <Dialog.Overlay className="scrim" />
        <Dialog.Content
          ref={content}
          className="pop dialog"
          aria-modal="true"
          onEscapeKeyDown={leaveToFocused}
          onInteractOutside={(event) => event.preventDefault()}
          onCloseAutoFocus={() => onClosed?.()}
        >
          <Dialog.Title asChild>
            <h2>{title}</h2>
          </Dialog.Title>
          <Dialog.Description asChild>
            <div>{about}</div>
          </Dialog.Description>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** A button within it that closes it. */
export function DialogClose({ children }: { children: ReactNode }) {
  return <Dialog.Close asChild>{children}</Dialog.Close>
}
