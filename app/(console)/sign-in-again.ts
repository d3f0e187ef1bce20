type Asker = () => Promise<boolean>
let asker: Asker | null = null

/** Says who asks the person; what it returns takes it back. */
export function asksToSignInAgain(next: Asker): () => void {
  asker = next
  return () => {
    if (asker === next) asker = null
  }
}

/** Asks the person to show again who they are; true once they have. Where nobody can ask, they have not; `Cancelled` is thrown when they let it be. */
export const signInAgain: Asker = () => asker?.() ?? Promise.resolve(false)
