'use client'
import { useState, type SyntheticEvent } from 'react'

/** Thrown by `run` when the person let it be: nothing was done, and nothing is wrong. */
export class Cancelled extends Error {}

export interface Submission<Failure> {
  /** False while something is still to be filled in. */
  readonly ready: boolean
  /** Sends it; null when all is well. */
  run(): Promise<Failure | null>
  /** What to say when no answer came, so that nobody knows whether it was done. */
  readonly unanswered: Failure
}

/** A form on its way: sent once at a time, with what stood against it the last time. */
export function useSubmit<Failure>({ ready, run, unanswered }: Submission<Failure>) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault()
    // React hands it on past a dialog's portal: a form that the dialog's button stands in would be sent too.
    event.stopPropagation()
    if (!ready || busy) return
    setBusy(true)
    setFailure(null)
    try {
      setFailure(await run())
    } catch (error) {
      setFailure(error instanceof Cancelled ? null : unanswered)
    } finally {
      setBusy(false)
    }
  }
  return { busy, failure, onSubmit: (event: SyntheticEvent) => void submit(event) }
}
