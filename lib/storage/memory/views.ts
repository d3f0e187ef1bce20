import type { SavedView, ViewPort } from '../ports.ts'
import { isNameTaken } from '../view-values.ts'
import type { MemoryState } from './state.ts'

const byName = (a: SavedView, b: SavedView): number =>
  a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1

export function memoryViews(state: MemoryState): ViewPort {
  return {
    add: (view, isFull, audit) =>
      state.inFleet(view.fleetId, ({ views }, undo) => {
        const others = views.values().filter(({ page }) => page === view.page)
        if (isNameTaken(view, others)) return 'name_taken'
        if (isFull(others)) return 'full'
        views.set(undo, view.id, view)
        if (audit) state.audit.set(undo, audit.id, audit)
        return 'added'
      }),
    list: (fleetId, page) =>
      state.inFleet(fleetId, ({ views }) =>
        views
          .values()
          .filter((view) => view.page === page)
          .sort(byName),
      ),
    change: (fleetId, id, change) =>
      state.inFleet(fleetId, ({ views }, undo) => {
        const view = views.get(id)
        if (!view) return null
        const others = views.values().filter((other) => other.page === view.page && other.id !== id)
        const { next, audit } = change(view, others)
        if (next && isNameTaken(next, others)) return 'name_taken'
        if (next) views.set(undo, id, next)
        else views.delete(undo, id)
        if (audit) state.audit.set(undo, audit.id, audit)
        return next ?? view
      }),
  }
}
