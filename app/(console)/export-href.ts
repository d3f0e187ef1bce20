import { withParams } from '#components/ui/search-params.ts'

/** Where a list is loaded as a file. Pure. */
export const exportHref =
  (list: 'sessions' | 'devices', query: Readonly<Record<string, string>>) =>
  (format: 'csv' | 'ndjson'): string =>
    withParams(`/api/admin/v1/${list}/export`, '', { ...query, format })
