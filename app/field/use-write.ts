import { useState } from 'react'
import { failureSentence } from './write-failure.ts'

/** Runs a write and says in a sentence why the last one could not be kept. */
export function useWrite(): { failure: string | null; run: (write: () => Promise<unknown>) => void } {
  const [failure, setFailure] = useState<string | null>(null)
  return {
    failure,
    run: (write) =>
      void write().then(
        () => setFailure(null),
        (error: unknown) => setFailure(failureSentence(error)),
      ),
  }
}
