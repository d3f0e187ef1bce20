/** Steps that take a transaction back, newest last. */
export type Undo = (() => void)[]

/** A map whose writes can be taken back. Rows are plain data and never changed in place. */
export class Table<V> {
  private readonly rows = new Map<string, V>()

  get(key: string): V | undefined {
    return this.rows.get(key)
  }

  /** Another table with the same rows. */
  copy(): Table<V> {
    const copy = new Table<V>()
    for (const [key, value] of this.rows) copy.rows.set(key, value)
    return copy
  }

  has(key: string): boolean {
    return this.rows.has(key)
  }

  /** In the order of first insertion. */
  values(): V[] {
    return [...this.rows.values()]
  }

  entries(): [string, V][] {
    return [...this.rows.entries()]
  }

  set(undo: Undo, key: string, value: V): void {
    const before = this.rows.get(key)
    undo.push(before === undefined ? () => this.rows.delete(key) : () => this.rows.set(key, before))
    this.rows.set(key, value)
  }

  delete(undo: Undo, key: string): void {
    const before = this.rows.get(key)
    if (before === undefined) return
    undo.push(() => this.rows.set(key, before))
    this.rows.delete(key)
  }
}
