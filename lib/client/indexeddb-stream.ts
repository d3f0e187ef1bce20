/** Streams of events that an origin holds at once, whatever the stores: a browser opens six connections to a host. */
const STREAMS_MAX = 3

type HoldLock = (name: string) => Promise<(() => void) | null>

/** The store's own stream as one of those that an origin may hold; null while another tab has it, or others have them all. */
export async function holdStream(holdLock: HoldLock, name: string): Promise<(() => void) | null> {
  const letGo = await holdLock(name)
  if (!letGo) return null
  let slot: (() => void) | null = null
  try {
    for (let i = 0; !slot && i < STREAMS_MAX; i++) slot = await holdLock(`tidemark-stream:${i}`)
  } finally {
    // A browser may refuse a lock as well, as to a page that it puts away.
    if (!slot) letGo()
  }
  const letSlotGo = slot
  return letSlotGo && (() => (letSlotGo(), letGo()))
}
