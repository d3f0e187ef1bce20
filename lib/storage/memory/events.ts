import type { TelemetryEvent } from '#lib/telemetry/events.ts'
import type { FleetTables, MemoryState } from './state.ts'
import type { Undo } from './table.ts'

/** Appends events in order; an id that is there already is passed over. */
export function appendEvents(
  state: MemoryState,
  tables: FleetTables,
  undo: Undo,
  events: readonly TelemetryEvent[],
): void {
  for (const event of events) {
    if (tables.events.has(event.id)) continue
    const order = tables.eventOrder.get('next') ?? 0
    tables.eventOrder.set(undo, 'next', order + 1)
    tables.events.set(undo, event.id, { event, order, appendedAtMs: state.nowMs() })
  }
}
