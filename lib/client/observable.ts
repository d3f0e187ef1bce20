/** A value that can be watched, frozen through and through. `subscribe` calls at once with the present value, then at each change. */
export interface Observable<T> {
  get(): T
  subscribe(listener: (value: T) => void): () => void
}

export interface Subject<T> extends Observable<T> {
  set(value: T): void
}

/** Calls what the app handed over. What it throws is its own affair: it is thrown again where nothing of ours is cut short. */
export function callApp(call: () => void): void {
  try {
    call()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** The SDK goes on with what it hands out: an app that changed it would change the SDK's own. A copy would be new at each look. */
function frozen<T>(value: T): T {
  if (!Object.isFrozen(value)) for (const part of Object.values(Object.freeze(value) as object)) frozen(part)
  return value
}

/** A holder of one value; a listener that unsubscribes during a call is not called again. */
export function createSubject<T>(initial: T): Subject<T> {
  let current = frozen(initial)
  const listeners = new Set<(value: T) => void>()
  return {
    get: () => current,
    set(value) {
      current = frozen(value)
      for (const listener of new Set(listeners)) if (listeners.has(listener)) callApp(() => listener(value))
    },
    subscribe(listener) {
      listeners.add(listener)
      callApp(() => listener(current))
      return () => void listeners.delete(listener)
    },
  }
}
