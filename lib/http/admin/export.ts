import { z } from 'zod'
import { badRequest } from '#lib/application/errors.ts'
import type { Context } from '#lib/application/context.ts'
import { csvLine, type CsvValue } from './csv.ts'

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
export const exportFormat = z.enum(EXPORT_FORMATS)

/** Of a list's query: what a file has no pages for. */
const PAGING = ['cursor', 'limit'] as const

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
}

export interface Export<Row> {
  /** 'sessions' */
  readonly name: string
  readonly columns: Readonly<Record<string, (row: Row) => CsvValue>>
  readonly pages: AsyncIterator<readonly Row[]>
}

/** `format` of an export's query, and the rest of it. @throws ApplicationError `bad_request` */
export function formatOf(query: Readonly<Record<string, string>>): {
  readonly format: ExportFormat
  readonly rest: Readonly<Record<string, string>>
} {
  const { format = 'csv', ...rest } = query
  const paged = PAGING.filter((name) => name in rest)
  if (paged.length > 0)
    throw badRequest(
      paged.map((name) => ({ path: `/${name}`, message: 'is not taken: a file holds the whole list' })),
    )
  const parsed = exportFormat.safeParse(format)
  if (!parsed.success)
    throw badRequest([{ path: '/format', message: `must be ${EXPORT_FORMATS.join(' or ')}` }])
  return { format: parsed.data, rest }
}

/**
 * A list as a file that is written while it is read, a page at a time, as fast as it is taken. The first page is read
 * before anything is answered, so that what can be refused is. A failure after that breaks the connection off: the file is
 * not completed, and whoever loads it is told so. An NDJSON file ends with `{"complete":true,"rows":n}` besides.
 */
export async function exportResponse<Row>(
  { log, clock }: Pick<Context, 'log' | 'clock'>,
  format: ExportFormat,
  { name, columns, pages }: Export<Row>,
): Promise<Response> {
  const encoder = new TextEncoder()
  const names = Object.keys(columns)
  const readers = Object.values(columns)
  const lineOf = (row: Row): string =>
    format === 'csv'
      ? csvLine(readers.map((read) => read(row)))
      : `${JSON.stringify(Object.fromEntries(readers.map((read, i) => [names[i], read(row)])))}\n`
  let next = await pages.next()
  let rows = 0
  let started = false
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (!started && format === 'csv') controller.enqueue(encoder.encode(csvLine(names)))
          started = true
          if (next.done === true) {
            if (format === 'ndjson')
              controller.enqueue(encoder.encode(`${JSON.stringify({ complete: true, rows })}\n`))
            controller.close()
            return
          }
          rows += next.value.length
          controller.enqueue(encoder.encode(next.value.map(lineOf).join('')))
          next = await pages.next()
        } catch (error) {
          log.error('an export was broken off', { name, rows, error: String(error) })
          controller.error(error)
        }
      },
      async cancel() {
        await pages.return?.()
      },
    },
    { highWaterMark: 1 },
  )
  const day = new Date(clock.now()).toISOString().slice(0, 10)
  return new Response(body, {
    headers: {
      'content-type': CONTENT_TYPES[format],
      'content-disposition': `attachment; filename="${name}-${day}.${format}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
