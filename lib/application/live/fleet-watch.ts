import type { Surroundings } from '#lib/application/context.ts'
import { isStorageError } from '#lib/application/errors.ts'
import { changedTopics, readMarks, TOPICS, type Marks, type Topic } from './topics.ts'

const WATCH_EVERY_MS = 1_000

/** What changed; or that the database stopped answering, or answers again. */
export type News =
  | { readonly event: 'changed'; readonly topics: readonly Topic[] }
  | { readonly event: 'database'; readonly answers: boolean }
export type Listener = (news: News) => void
type WatchContext = Pick<Surroundings, 'storage' | 'clock' | 'log'>

/** Looks at one fleet each second while somebody listens, however many do. */
export class FleetWatch {
  readonly #ctx: WatchContext
  readonly #fleetId: string
  readonly #everyMs: number
  readonly #listeners = new Set<Listener>()
  /** Came since the last look: what changed before it, they may not have seen. */
  readonly #fresh = new Set<Listener>()
  #running = false
  #answers = true

  constructor(ctx: WatchContext, fleetId: string, everyMs: number = WATCH_EVERY_MS) {
    this.#ctx = ctx
    this.#fleetId = fleetId
    this.#everyMs = everyMs
  }

  /**
   * Hears of every topic after the next look, since its reader looked before that, and of each change from then on; while
   * the database is away, of that.
   * Call what it returns to stop listening; without listeners the looking stops too.
   */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    this.#fresh.add(listener)
    if (!this.#answers) listener(AWAY)
    if (!this.#running) void this.#run()
    return () => {
      this.#listeners.delete(listener)
      this.#fresh.delete(listener)
    }
  }

  async #run(): Promise<void> {
    this.#running = true
    let marks: Marks | null = null
    while (this.#listeners.size > 0) {
      marks = await this.#look(marks)
      await sleep(this.#everyMs)
    }
    this.#running = false
    this.#answers = true
  }

  async #look(before: Marks | null): Promise<Marks | null> {
    const fresh = [...this.#fresh]
    try {
      const marks = await readMarks(this.#ctx, this.#fleetId)
      this.#answer(true)
      const changed = before === null ? [] : changedTopics(before, marks)
      for (const listener of fresh) this.#fresh.delete(listener)
      for (const listener of this.#listeners) {
        const topics = fresh.includes(listener) ? TOPICS : changed
        if (topics.length > 0) listener({ event: 'changed', topics })
      }
      return marks
    } catch (error) {
      // The next look tells what was missed; the streams stay open.
      this.#ctx.log.warn('cannot look for changes', { fleetId: this.#fleetId, error: String(error) })
      if (isStorageError(error, 'storage_unavailable')) this.#answer(false)
      return before
    }
  }

  /** Tells who listens when this is another answer than before. */
  #answer(answers: boolean): void {
    if (answers === this.#answers) return
    this.#answers = answers
    for (const listener of this.#listeners) listener(answers ? { event: 'database', answers } : AWAY)
  }
}

const AWAY: News = { event: 'database', answers: false }

/** Doesn't keep a closing process alive. */
const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref())

const watches = new WeakMap<Surroundings['storage'], Map<string, FleetWatch>>()

/** The one watch of this fleet in this process. One small object stays for each fleet that was ever looked at. */
export function watchOf(ctx: WatchContext, fleetId: string): FleetWatch {
  const byFleet = watches.get(ctx.storage) ?? new Map<string, FleetWatch>()
  watches.set(ctx.storage, byFleet)
  const watch = byFleet.get(fleetId) ?? new FleetWatch(ctx, fleetId)
  byFleet.set(fleetId, watch)
  return watch
}
