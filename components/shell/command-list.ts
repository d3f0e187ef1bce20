/** One thing that the command menu offers: a page, or an act. */
export type Command = {
  key: string
  label: string
  /** What is known of it, beside its name. */
  note?: string
  /** The keys that do the same. */
  hint?: string
} & ({ href: string } | { run: () => void })

export type CommandGroup = { key: string; title: string; commands: readonly Command[] }

/** What of the groups has every word of `text` in its name or its group's; names that begin with it come first. Pure. */
export function matchCommands(groups: readonly CommandGroup[], text: string): readonly CommandGroup[] {
  const asked = text.trim().toLowerCase()
  if (asked === '') return groups
  const words = asked.split(/\s+/)
  return groups.flatMap((group) => {
    const commands = group.commands.filter(({ label }) => {
      const said = `${group.title} ${label}`.toLowerCase()
      return words.every((word) => said.includes(word))
    })
    const begins = ({ label }: Command): number => (label.toLowerCase().startsWith(asked) ? 0 : 1)
    return commands.length === 0
      ? []
      : [{ ...group, commands: commands.toSorted((a, b) => begins(a) - begins(b)) }]
  })
}

/** The place of the next command, from the last on to the first. @param count at least 1 */
export const nextCommand = (at: number, by: 1 | -1, count: number): number => (at + by + count) % count
