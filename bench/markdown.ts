/** A table of Markdown: the first column names, the others hold figures. */
export function markdownTable(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const align = `|---|${columns
    .slice(1)
    .map(() => '---:|')
    .join('')}`
  return [`### ${title}`, '', line(columns), align, ...rows.map(line)].join('\n')
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
