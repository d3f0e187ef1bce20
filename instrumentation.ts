/** What `scripts/server.mjs` waits for, when it runs ahead of Next. */
interface Gate {
  ok(): void
  no(error: unknown): void
}

/** Next calls this once at the start of a server: composes the application and publishes what the server asks for. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return
  const shared = globalThis as unknown as Record<symbol, unknown>
  const gate = shared[Symbol.for('tidemark.ready')] as Gate | undefined
  try {
    const { compose } = await import('#lib/composition.ts')
    const { listener, close } = await compose()
    shared[Symbol.for('tidemark.listener')] = listener
    shared[Symbol.for('tidemark.close')] = close
    gate?.ok()
  } catch (error) {
    gate?.no(error)
    throw error
  }
}
