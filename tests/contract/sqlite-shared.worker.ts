import { openReplica } from '#lib/client/open-replica.ts'
import { openSqliteStore } from '#lib/client/sqlite-store.ts'
import { DEVICE } from '#tests/unit/client/support/device.ts'

/** A process of its own on the store: says `ready`, then does what it is asked, one thing after another. */
const store = openSqliteStore(process.argv[2] as string)
const replica = await openReplica({
  url: 'http://127.0.0.1:9',
  enrollmentKey: 'tme_key',
  device: DEVICE,
  store,
  sync: { auto: false },
})

const ASKED: Record<string, (bytes: number) => Promise<unknown>> = {
  put: (bytes) => replica.collection('notes').put(null, { text: 'x'.repeat(bytes) }),
  /** Holds a transaction open for half a second, and has it committed when it answers. */
  linger: () =>
    store.transact(async (tx) => {
      await tx.put('notices', 'linger', true)
      process.send?.({ inside: true })
      await new Promise((resolve) => setTimeout(resolve, 500))
    }),
  told: async () => {
    const pending = (await replica.collection('notes').query()).length
    return { pending, told: (await replica.diagnostics()).store.recoveries }
  },
}
process.on('message', ({ what, bytes }: { what: string; bytes: number }) => {
  void ASKED[what]?.(bytes).then((answer) => process.send?.({ what, answer }))
})
process.send?.({ what: 'ready' })
