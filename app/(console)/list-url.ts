import { withParams } from '#components/ui/search-params.ts'

type List = 'sessions' | 'devices' | 'conflicts' | 'dead-letters' | 'audit'
type Asking = Readonly<Record<string, string>>

/** Where the operator API has a list. Pure. */
export const listUrl = (list: List, asking: Asking): string => withParams(`/api/admin/v1/${list}`, '', asking)

/** Where all of a list is loaded as a file. Pure. */
export const exportHrefs = (list: List, asking: Asking): { csv: string; ndjson: string } => {
  const href = (format: string): string =>
    withParams(`/api/admin/v1/${list}/export`, '', { ...asking, format })
  return { csv: href('csv'), ndjson: href('ndjson') }
}
