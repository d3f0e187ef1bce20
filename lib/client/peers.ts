/** What the openings of one store tell each other. Nothing in it is a document. */
export type StoreNews =
  /** Something was written: what was read before may be old. */
  | { readonly kind: 'written' }
  /** A round with the server ended; the teller begins the next one in so many ms, or leaves it to the others (null). */
  | {
      readonly kind: 'round'
      readonly nextInMs: number | null
      readonly lastSyncedAt: string | null
      readonly problem: string | null
      /** Records or pending changes are other ones now. */
      readonly changed: boolean
    }

export interface Peers {
  tell(news: StoreNews): void
  /** Hears what the others tell, never oneself. */
  listen(listener: (news: StoreNews) => void): () => void
}

export interface PeerHub {
  join(): Peers & { leave(): void }
}

/** Between openings in one process that share a disk or a file. News arrives later, never inside the teller's call. */
export function createPeerHub(): PeerHub {
  const members = new Set<Set<(news: StoreNews) => void>>()
  return {
    join() {
      const own = new Set<(news: StoreNews) => void>()
      members.add(own)
      return {
        tell(news) {
          for (const others of members)
            if (others !== own) for (const listener of others) queueMicrotask(() => listener(news))
        },
        listen(listener) {
          own.add(listener)
          return () => void own.delete(listener)
        },
        leave: () => void members.delete(own),
      }
    },
  }
}
