/**
 * A map laid over another without copying it, so that a group of pushes costs what they change and not what was
 * loaded for all of them. Layers grow geometrically: n additions cost n log n, a look-up at most log n layers.
 * Values are never undefined.
 */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  /** Oldest first. */
  private readonly layers: readonly ReadonlyMap<K, V>[]

  private constructor(layers: readonly ReadonlyMap<K, V>[]) {
    this.layers = layers
  }

  static over<K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
    if (above.size === 0) return below
    const layers = below instanceof LayeredMap ? [...(below as LayeredMap<K, V>).layers] : [below]
    let top = above
    for (let last = layers.at(-1); last && last.size < 2 * top.size; last = layers.at(-1)) {
      if (last.size > 0) top = merged(last, top)
      layers.pop()
    }
    return new LayeredMap([...layers, top])
  }

  get(key: K): V | undefined {
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const value = this.layers[i]?.get(key)
      if (value !== undefined) return value
    }
    return undefined
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  get size(): number {
    return this.flat().size
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.flat()) visit(value, key, this)
  }

  entries(): MapIterator<[K, V]> {
    return this.flat().entries()
  }

  keys(): MapIterator<K> {
    return this.flat().keys()
  }

  values(): MapIterator<V> {
    return this.flat().values()
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  private flat(): Map<K, V> {
    return new Map(this.layers.flatMap((layer) => [...layer]))
  }
}

function merged<K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V>): Map<K, V> {
  const all = new Map(below)
  for (const [key, value] of above) all.set(key, value)
  return all
}
