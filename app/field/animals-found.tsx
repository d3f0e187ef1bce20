import { Status } from '#components/ui/status.tsx'
import type { CounterHandle } from '#lib/client/field-handles.ts'
import type { Json } from '#lib/kernel/json.ts'
import { follow } from './pending-writes.ts'
import { useWrite } from './use-write.ts'

/** A count to which everybody on the runway adds: no step is lost, whoever was offline. */
export function AnimalsFound({ counter, value }: { counter: CounterHandle; value: Json | undefined }) {
  const { failure, run } = useWrite()
  const count = typeof value === 'number' ? value : 0
  return (
    <div className="counter">
      <h2 id="animals-found">Animals found</h2>
      <div className="counter-row" role="group" aria-labelledby="animals-found">
        <button
          type="button"
          className="btn"
          disabled={count <= 0}
          aria-label="One animal fewer"
          onClick={() => run(() => follow(counter.decrement()))}
        >
          −
        </button>
        <output aria-live="polite">{count}</output>
        <button
          type="button"
          className="btn"
          aria-label="One animal more"
          onClick={() => run(() => follow(counter.increment()))}
        >
          +
        </button>
      </div>
      {failure === null ? null : (
        <p role="alert">
          <Status kind="crit">Not counted</Status> {failure}
        </p>
      )}
    </div>
  )
}
