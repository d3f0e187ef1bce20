import { OPERATION_LETTERS_MAX } from '#lib/protocol/limits.ts'

/** Which letters of a list are chosen: some by hand, or all that match, those on other pages among them. */
export type Selection =
  | {
      readonly kind: 'some'
      readonly ids: ReadonlySet<string>
      /** Where a range begins: the one that was chosen last. */
      readonly anchor: string | null
    }
  | { readonly kind: 'all' }

export const NONE: Selection = { kind: 'some', ids: new Set(), anchor: null }
export const ALL: Selection = { kind: 'all' }

export const isChosen = (selection: Selection, id: string): boolean =>
  selection.kind === 'all' || selection.ids.has(id)

/** Chooses one, or no longer. From “all matching” it leaves this page's others. Pure. */
export function toggle(selection: Selection, page: readonly string[], id: string): Selection {
  const ids = new Set(selection.kind === 'all' ? page : selection.ids)
  if (!ids.delete(id)) ids.add(id)
  return { kind: 'some', ids, anchor: id }
}

/** Chooses all from the anchor to this one, both among them. Pure. */
export function extend(selection: Selection, page: readonly string[], id: string): Selection {
  const to = page.indexOf(id)
  const from = selection.kind === 'all' || selection.anchor === null ? to : page.indexOf(selection.anchor)
  const [low, high] = from === -1 ? [to, to] : [Math.min(from, to), Math.max(from, to)]
  const ids = new Set(selection.kind === 'all' ? page : selection.ids)
  for (const one of page.slice(low, high + 1)) ids.add(one)
  return { kind: 'some', ids, anchor: id }
}

/** Chooses all on this page, or where they are, none of it. Pure. */
export function togglePage(selection: Selection, page: readonly string[]): Selection {
  if (selection.kind === 'all') return NONE
  const ids = new Set(selection.ids)
  const isWhole = page.every((id) => ids.has(id))
  for (const id of page) {
    if (isWhole) ids.delete(id)
    else ids.add(id)
  }
  return { kind: 'some', ids, anchor: null }
}

/** More than can be named one by one. Pure. */
export const isTooMany = (selection: Selection): boolean =>
  selection.kind === 'some' && selection.ids.size > OPERATION_LETTERS_MAX

/** What is chosen, exactly: a page is not all that match. Pure. @param format how a count is written */
export function selectionWords(
  selection: Selection,
  { page, matching }: { readonly page: readonly string[]; readonly matching: number },
  format: (count: number) => string,
): string {
  if (selection.kind === 'all') return `All ${format(matching)} matching selected`
  const { size } = selection.ids
  if (size === 0) return `${format(page.length)} on this page · ${format(matching)} matching`
  const here = page.filter((id) => selection.ids.has(id)).length
  const said = here === page.length && here > 1 ? `All ${format(here)} on this page selected` : null
  if (said !== null && here === size)
    return here === matching ? said : `${said} · ${format(matching)} matching`
  if (here < size) return `${format(size)} selected, ${format(here)} of them on this page`
  return `${format(size)} of ${format(matching)} selected`
}
