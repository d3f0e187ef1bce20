import { format } from 'oxfmt'
import {
  DEAD_LETTER_CODES,
  ERROR_CODES,
  MUTATION_CODE_HELP,
  REFUSED_CODES,
  RETRY_CODES,
} from '#lib/protocol/error-codes.ts'
import { metricsTable } from '#lib/telemetry/metrics-table.ts'
import { alertsFile } from './alert-rules.ts'
import { alertTestsFile } from './alert-tests.ts'
import { filtersPage } from './filters-page.ts'
import { dashboards } from './grafana.ts'
import { rulesFile } from './prometheus-rules.ts'

const GENERATED = '<!-- Made by `npm run docs` from the code. Change it there. -->'
const FORMAT = { printWidth: 110, singleQuote: true }

/** Every generated file of docs/ and ops/, by its path in the checkout, as the formatter would leave it. */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  const pages = {
    'docs/metrics.md': metricsPage(),
    'docs/errors.md': errorsPage(),
    'docs/filters.md': filtersPage(GENERATED),
    'ops/prometheus/rules.yml': rulesFile(),
    'ops/prometheus/alerts.yml': alertsFile(),
    'ops/prometheus/alerts.test.yml': alertTestsFile(),
    ...dashboards(),
  }
  const formatted = Object.entries(pages).map(
    async ([path, text]) => [path, await asFormatted(path, text)] as const,
  )
  return new Map(await Promise.all(formatted))
}

async function asFormatted(path: string, text: string): Promise<string> {
  const { code, errors } = await format(path, text, FORMAT)
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({ message }) => message).join('; ')}`)
  return code
}

const metricsPage = (): string => `# Metrics

${GENERATED}

What \`/metrics\` exposes in Prometheus text format, besides the default metrics of the Node process. Reading it takes an operator key with scope \`metrics\`, unless \`TIDEMARK_METRICS_PUBLIC=1\`. Told by \`process\`: each process tells its own part, so sum over them. Told by \`leader\`: read from the database, by one process at a time. Figures that are not known yet are absent, never 0. How to scrape and chart them, and how to send them by OTLP instead: [Prometheus and OpenTelemetry](prometheus.md).

${metricsTable()}`

const errorsPage = (): string => `# Error codes

${GENERATED}

Errors are \`application/problem+json\` (RFC 9457). \`code\` is stable: codes are added, never renamed. The \`type\` of an error leads to its place on this page.

## Of a request

${Object.entries(ERROR_CODES).map(requestError).join('\n')}
## Of one mutation in a push

These stand in \`results\` of an answer with status 200: the other mutations are not affected.

${codeTable('`dead_lettered`: it can never apply as it is; kept for an operator', DEAD_LETTER_CODES)}
${codeTable('`refused`: it had no effect and is not remembered', REFUSED_CODES)}
${codeTable('`retry`: it had no effect; send it again in a new request after `retryAfterMs`', RETRY_CODES)}`

type RequestError = (typeof ERROR_CODES)[keyof typeof ERROR_CODES]

const requestError = ([code, { status, title, help }]: [string, RequestError]): string =>
  `### ${code}\n\n${status}. ${title}. ${help}\n`

const codeTable = (title: string, codes: readonly (keyof typeof MUTATION_CODE_HELP)[]): string => {
  const rows = codes.map((code) => `| \`${code}\` | ${MUTATION_CODE_HELP[code]} |`)
  return [`### ${title}`, '', '| code | meaning |', '|---|---|', ...rows, ''].join('\n')
}
