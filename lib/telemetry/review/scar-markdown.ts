import { timeText } from './figure-words.ts'
import type { ScarPart, ScarReport } from './scar.ts'

/** What Markdown, or HTML within it, makes something of. */
const SPECIAL = /[\\`*_{}[\]#!|<>~&]/g

/**
 * A text as plain words of one line: no name breaks a table or makes a link, HTML or a heading (DR10). GitHub links bare
 * addresses and e-mails too: an entity in the place of a slash or a dot, or a joiner behind the @, makes them words. Pure.
 */
export const escapeMarkdown = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .replaceAll(SPECIAL, String.raw`\$&`)
    .replaceAll('://', ':&#47;/')
    .replaceAll(/www\./gi, (start) => `${start.slice(0, -1)}&#46;`)
    .replaceAll('@', '@&#8288;')

/** The report as Markdown, with a table a part. Pure. */
export function scarMarkdown(report: ScarReport): string {
  const e = escapeMarkdown
  const review =
    report.reviewVersion === null
      ? 'without a design review'
      : `on version ${report.reviewVersion} of the design review`
  const sections = report.sections.flatMap(({ letter, title, lead, parts }) => [
    `## ${letter}: ${e(title)}`,
    e(lead),
    ...parts.flatMap(partLines),
  ])
  return [
    `# SCAR report of ${e(report.collection)}`,
    `**${e(report.verdict)}**`,
    `Fleet ${e(report.fleet)}, ${e(timeText(report.atMs))}, ${review}.`,
    ...sections,
    '',
  ].join('\n\n')
}

const partLines = ({ title, rows }: ScarPart): readonly string[] => {
  const lines = rows.map(({ name, value, basis }) =>
    ['', name, value, basis, '']
      .map((cell) => escapeMarkdown(cell))
      .join(' | ')
      .trim(),
  )
  return [`### ${escapeMarkdown(title)}`, ['| What | Value | Basis |', '|---|---|---|', ...lines].join('\n')]
}
