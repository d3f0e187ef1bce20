import type { EditBasis, EditCheck } from '#lib/application/dead-letters/check-edit.ts'

/** The engine comes with the first check, not with the page; after an update of the server its file has another name. */
export async function checkInBrowser(text: string, basis: EditBasis): Promise<EditCheck> {
  const check = await import('#lib/application/dead-letters/check-edit.ts').catch(() => null)
  if (!check) return { ok: false, message: 'Nothing was sent: reload the page and try again.', issues: [] }
  return check.checkEdit(text, basis)
}
