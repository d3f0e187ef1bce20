import { plural } from '#components/ui/format.ts'
import type { openIncidents } from '#lib/application/alerts/incidents-now.ts'

type Incidents = Awaited<ReturnType<typeof openIncidents>>

/** What the frame of every page says of a fleet's alerts. */
export interface Alarm {
  /** Nobody evaluates: that nothing is open is no news. */
  readonly stopped: boolean
  /** Incidents that somebody was told of, and nobody took on. */
  readonly unread: number
  /** Those that are open and not kept silent; one that nobody has first, then the newest. */
  readonly critical: readonly Pick<Incidents['listed'][number], 'id' | 'name' | 'title' | 'takenBy'>[]
}

/** A fleet that was made just now is looked at within this time: until then it is no alarm that nobody did. */
const FIRST_LOOK_WITHIN_MS = 60_000

/** Pure. @param ageMs of the fleet */
export function alarmOf({ stopped, unread, listed }: Incidents, ageMs: number): Alarm {
  const critical = listed
    .filter(({ severity, suppressed }) => severity === 'critical' && !suppressed)
    .map(({ id, name, title, takenBy }) => ({ id, name, title, takenBy }))
  return {
    stopped: stopped && ageMs > FIRST_LOOK_WITHIN_MS,
    unread,
    critical: critical.toSorted((a, b) => Number(a.takenBy !== null) - Number(b.takenBy !== null)),
  }
}

/** The one line; null where there is nothing to say. `id` names the only incident that it is of. Pure. */
export function alarmLine({ stopped, critical }: Alarm): {
  readonly word: string
  readonly text: string
  readonly id: string | null
  readonly link: string
} | null {
  const [first] = critical
  if (stopped)
    return {
      word: 'Alerts are not evaluated',
      text:
        first === undefined
          ? 'Nobody looks: no incident is no news.'
          : `Nobody looks; when somebody did, ${plural(critical.length, 'critical incident was', 'critical incidents were')} open.`,
      id: null,
      link: 'Open Alerts',
    }
  if (first === undefined) return null
  if (critical.length > 1) {
    const waiting = critical.filter(({ takenBy }) => takenBy === null).length
    const taken = waiting === 0 ? 'all are taken on' : `${waiting} of them nobody took on`
    return {
      word: `${critical.length} critical incidents`,
      text: `${first.name}: ${first.title}, as it began; ${taken}`,
      id: null,
      link: 'Open Alerts',
    }
  }
  return {
    word: '1 critical incident',
    // Its figures are of then: what stands beside them on a page is of now.
    text: `${first.title}, as it began; ${first.takenBy === null ? 'nobody took it on' : `taken on by ${first.takenBy}`}`,
    id: first.id,
    link: `Open ${first.name}`,
  }
}
