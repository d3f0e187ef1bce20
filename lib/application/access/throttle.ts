/** Bad tries within this time count together. */
export const THROTTLE_WINDOW_MS = 15 * 60_000
export const TRIES_PER_WINDOW_MAX = 10
/** Keys remembered at once; the oldest window is forgotten first. */
export const THROTTLE_KEYS_MAX = 10_000

interface Window {
  tries: number
  readonly endsMs: number
}

/**
 * Counts tries by key in fixed windows, in this process's memory. A key is refused until its window ends and is
 * never locked for good (security.md, 11).
 */
export class Throttle {
  readonly #windows = new Map<string, Window>()

  /**
   * Counts one try under each key, before its outcome is known, so that parallel guesses count too; or under none, when one
   * of them is refused: whoever is refused must not push out windows by names that he makes up. Ms to wait, null to go on.
   */
  admit(keys: readonly string[], nowMs: number): number | null {
    const waits = keys.map((key) => this.#waitMs(key, nowMs))
    const longest = Math.max(0, ...waits)
    if (longest > 0) return longest
    for (const key of keys) this.#count(key, nowMs)
    return null
  }

  #waitMs(key: string, nowMs: number): number {
    const known = this.#windows.get(key)
    return known && known.tries >= TRIES_PER_WINDOW_MAX ? known.endsMs - nowMs : 0
  }

  #count(key: string, nowMs: number): void {
    const known = this.#windows.get(key)
    if (known && known.endsMs > nowMs) {
      known.tries += 1
      return
    }
    this.#windows.delete(key)
    const oldest = this.#windows.size >= THROTTLE_KEYS_MAX ? this.#windows.keys().next().value : undefined
    if (oldest !== undefined) this.#windows.delete(oldest)
    this.#windows.set(key, { tries: 1, endsMs: nowMs + THROTTLE_WINDOW_MS })
  }

  /** Takes back one try, which turned out good. */
  forgive(key: string): void {
    const known = this.#windows.get(key)
    if (known) known.tries = Math.max(0, known.tries - 1)
  }

  /** The owner of this key proved itself: its bad tries are forgotten. */
  clear(key: string): void {
    this.#windows.delete(key)
  }

  get size(): number {
    return this.#windows.size
  }
}
