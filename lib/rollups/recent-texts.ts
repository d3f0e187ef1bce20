/**
 * What was made of the texts that were asked for last, by the text. Bounded by their characters: when the newer half is
 * full it becomes the older one, and what only that had is forgotten.
 */
export class RecentTexts<T> {
  private readonly half: number
  private newer = new Map<string, T>()
  private older = new Map<string, T>()
  private characters = 0

  constructor(charactersMax: number) {
    this.half = charactersMax / 2
  }

  get(text: string, make: (text: string) => T): T {
    const known = this.newer.get(text)
    if (known !== undefined) return known
    const made = this.older.get(text) ?? make(text)
    this.characters += text.length
    if (this.characters > this.half) {
      this.older = this.newer
      this.newer = new Map()
      this.characters = text.length
    }
    this.newer.set(text, made)
    return made
  }
}
