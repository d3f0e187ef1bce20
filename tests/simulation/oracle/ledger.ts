import type { PushWrites } from '#lib/storage/ports.ts'
import type { Answered } from '../world/network.ts'
import { tokenHash } from '../world/token-hash.ts'
import type { Watcher } from '../world/world.ts'
import { History } from './history.ts'
import type { Intent } from './intent.ts'
import { checkPullAnswer } from './pull-answer.ts'
import type { Invariant, Violation } from './violation.ts'

const VIOLATIONS_MAX = 20
const EFFECTIVE: ReadonlySet<string> = new Set([
  'applied',
  'merged',
  'superseded',
  'conflict',
  'dead_lettered',
])

interface Result {
  readonly id: string
  readonly status: string
  readonly version?: number
  readonly conflictId?: string
  readonly deadLetterId?: string
  readonly original?: Result
}

/** What was meant, what was committed and what was said, and where they do not agree. Written without the engine. */
export class Ledger implements Watcher {
  readonly violations: Violation[] = []
  /** What users did and their device took, by mutation id. */
  readonly intents = new Map<string, Intent>()
  /** Mutation ids that stand or fall together. */
  readonly atomic: (readonly string[])[] = []
  /** Records of which a write died with its device: it may be there, and joined with what came before it. */
  readonly uncertain = new Set<string>()
  /** Devices whose disk was damaged: they tell what they lost. */
  readonly damaged = new Set<number>()
  /** By device, the token that was put in place of its own. */
  readonly altered = new Map<number, string>()
  /** Hashes of the credentials that a rotation has ended. */
  readonly ended = new Set<string>()
  history = new History(1, (invariant, text) => this.blame(invariant, text), this)
  /** Bodies of answered pushes, by device and request id. */
  private answers = new Map<string, string>()

  blame(invariant: Invariant, text: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ invariant, text })
  }

  committed(writes: PushWrites): void {
    this.history.commit(writes)
  }

  serverError(message: string): void {
    this.blame('T', message)
  }

  /** The database is as it was after these commits. */
  restored(kept: readonly PushWrites[], epoch: number): void {
    this.history = new History(epoch, (invariant, text) => this.blame(invariant, text), this)
    for (const writes of kept) this.history.commit(writes)
    this.forgetAnswers()
  }

  /** Stored responses are kept 35 days: after that a request is a new one. */
  forgetAnswers(): void {
    this.answers = new Map()
  }

  answered({ sent, status, text }: Answered): void {
    if (status >= 500 && status !== 503) this.blame('T', `${sent.url} answered ${status}: ${text}`)
    // A device would help itself with a new enrollment: without a restore it must never have to.
    if (status === 401 && this.history.epoch === 1 && !this.isEnded(sent))
      this.blame('A', `${sent.url} does not know a credential that was given: ${text}`)
    if (status !== 200) return
    if (sent.url.includes('/api/v1/push')) this.pushAnswered(sent.headers['authorization'] ?? '', text)
    if (sent.url.includes('/api/v1/pull'))
      checkPullAnswer(this.history, new URL(sent.url).searchParams, text, (invariant, what) =>
        this.blame(invariant, what),
      )
  }

  /** What the request proves itself by: its credential, and a fork the one that it had (FK1). */
  private isEnded({ headers, body }: Answered['sent']): boolean {
    const former = /"formerToken":"([^"]*)"/.exec(body ?? '')?.[1] ?? ''
    const own = headers['authorization']?.slice('Bearer '.length) ?? ''
    return [own, former].some((token) => this.ended.has(tokenHash(token)))
  }

  private pushAnswered(credential: string, text: string): void {
    const answer = JSON.parse(text) as { readonly requestId: string; readonly results: readonly Result[] }
    const key = `${credential} ${answer.requestId}`
    const before = this.answers.get(key)
    if (before !== undefined && before !== text)
      this.blame('E', `request ${answer.requestId} was answered twice: ${before} and ${text}`)
    this.answers.set(key, text)
    for (const result of answer.results) this.resultTold(result)
  }

  /** A: what is told to have an effect has it by then, with all that belongs to it. */
  private resultTold(told: Result): void {
    const result = told.status === 'duplicate' ? told.original : told
    if (!result || !EFFECTIVE.has(result.status)) return
    const effect = this.history.effects.get(told.id)
    if (!effect) {
      this.blame('A', `${told.id} is told as ${result.status} and was never committed`)
      return
    }
    const { conflicts, letters } = this.history
    if (result.conflictId !== undefined && !conflicts.has(result.conflictId))
      this.blame('A', `${told.id} names conflict ${result.conflictId}, which does not exist`)
    if (result.deadLetterId !== undefined && !letters.has(result.deadLetterId))
      this.blame('A', `${told.id} names dead letter ${result.deadLetterId}, which does not exist`)
    if (result.status === 'superseded' && result.conflictId === undefined)
      this.blame('A', `${told.id} is superseded without history`)
  }
}
