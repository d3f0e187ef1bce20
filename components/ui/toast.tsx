'use client'
import { useEffect, useSyncExternalStore } from 'react'
import { Icon } from '#components/ui/icon.tsx'
import { StatusShape, type StatusKind } from '#components/ui/status.tsx'

/** What was done, said once. An error stays until it is closed. */
export type Toast = { id: number; kind: StatusKind; text: string; undo?: { label: string; run: () => void } }

const TOASTS_MAX = 3
const TOAST_SHOWN_MS = 8_000

let toasts: readonly Toast[] = []
let nextId = 1
const listeners = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

/** Shows a toast; the oldest goes when there are more than three. */
export function showToast(toast: Omit<Toast, 'id'>): void {
  set([...toasts, { ...toast, id: nextId++ }].slice(-TOASTS_MAX))
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id))
}

const NONE: readonly Toast[] = []

/** Mount once, in the shell. */
export function ToastRegion() {
  const shown = useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => toasts,
    () => NONE,
  )
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function ToastView({ toast }: { toast: Toast }) {
  useEffect(() => {
    if (toast.kind === 'crit') return
    const timer = setTimeout(() => dismiss(toast.id), TOAST_SHOWN_MS)
    return () => clearTimeout(timer)
  }, [toast])
  const { undo } = toast
  return (
    <div className="pop toast">
      <StatusShape kind={toast.kind} />
      {toast.text}
      <span className="r">
        {undo === undefined ? null : (
          <button
            type="button"
            className="bare link"
            onClick={() => {
              undo.run()
              dismiss(toast.id)
            }}
          >
            {undo.label}
          </button>
        )}
        <button type="button" className="bare" aria-label="Close" onClick={() => dismiss(toast.id)}>
          <Icon name="close" />
        </button>
      </span>
    </div>
  )
}
