import type { SavedView } from './view-port.ts'

/** Whether its owner has another view of this name on the page. Pure. */
export const isNameTaken = (view: SavedView, others: readonly SavedView[]): boolean =>
  others.some(({ ownerId, name }) => ownerId === view.ownerId && name === view.name)
