import { noteAnsweredWait } from './quiet-time.ts'
import type { ReplicaContext } from './run.ts'
import { followIdentity, takeFacts, transact } from './run.ts'
import type { Call, Outcome } from './transport.ts'

/** A request outside a session. A change of epoch is noted, and followed by the next session. */
export async function tell<T>(context: ReplicaContext, call: Call<T>): Promise<Outcome<T>> {
  const reply = await context.transport.call(call, context.abort)
  if (reply.facts) await takeFacts(context, reply.facts)
  if (!reply.outcome.ok) {
    const { failure } = reply.outcome
    context.log('request_failed', { kind: call.kind, code: failure.code })
    await transact(context, (tx) => noteAnsweredWait(tx, failure, context.clock.now()))
  }
  return followIdentity(context, call, reply.outcome)
}
