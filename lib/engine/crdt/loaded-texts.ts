/** Characters of all states whose documents are kept; Yjs takes some ten times as many bytes for them. */
export const LOADED_CHARS_MAX = 1024 * 1024
/** A shorter state is loaded in no time. */
export const LOADED_CHARS_MIN = 4_096

/**
 * Documents by the whole text of the state that each was loaded from, the newest last: so a kept one is what loading
 * would give, whatever another process or a restore has made of the record since.
 */
export class LoadedTexts<Doc> {
  private readonly docs = new Map<string, Doc>()
  private readonly charsMin: number
  private readonly charsMax: number
  private chars = 0

  constructor(charsMin = LOADED_CHARS_MIN, charsMax = LOADED_CHARS_MAX) {
    this.charsMin = charsMin
    this.charsMax = charsMax
  }

  /** Gives the document away, since whoever has it may change it. */
  take(state: string): Doc | null {
    const doc = this.docs.get(state)
    if (doc === undefined) return null
    this.docs.delete(state)
    this.chars -= state.length
    return doc
  }

  keep(state: string, doc: Doc): void {
    if (state.length < this.charsMin || state.length > this.charsMax || this.docs.has(state)) return
    this.docs.set(state, doc)
    this.chars += state.length
    for (const oldest of this.docs.keys()) {
      if (this.chars <= this.charsMax) break
      this.take(oldest)
    }
  }
}
