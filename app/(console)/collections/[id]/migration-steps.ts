import { parsedJson } from '../parsed-json.ts'

/** A step as it is filled in: `what` is where to, the value, or the expression. */
export type Step = { op: 'rename' | 'remove' | 'default' | 'cel'; path: string; what: string }

export const STEP_CHOICES: readonly { value: Step['op']; label: string }[] = [
  { value: 'rename', label: 'Rename' },
  { value: 'remove', label: 'Remove' },
  { value: 'default', label: 'Default' },
  { value: 'cel', label: 'Compute' },
]
/** What the second field of a step is; null where it has none. */
export const WHAT: Readonly<Record<Step['op'], { label: string; hint: string } | null>> = {
  rename: { label: 'To', hint: '/newName' },
  remove: null,
  default: { label: 'Value, JSON', hint: '"unknown"' },
  cel: { label: 'CEL over doc and value', hint: 'double(value) * 1.852' },
}

type Migration = { from: number; to: number; ops: readonly Record<string, unknown>[] }

/** The up-migration that the steps are; null without steps. What is wrong with one is told by its number. Pure. */
export function migrationOf(
  steps: readonly Step[],
  from: number,
): { ok: true; value: Migration | null } | { ok: false; message: string } {
  if (steps.length === 0) return { ok: true, value: null }
  const ops: Record<string, unknown>[] = []
  for (const [index, { op, path, what }] of steps.entries()) {
    if (op === 'rename') ops.push({ op, path, to: what })
    else if (op === 'remove') ops.push({ op, path })
    else if (op === 'cel') ops.push({ op, path, cel: what })
    else {
      const value = parsedJson(what)
      if (!value.ok) return { ok: false, message: `Step ${index + 1} of the up-migration: ${value.message}` }
      ops.push({ op, path, value: value.value })
    }
  }
  return { ok: true, value: { from, to: from + 1, ops } }
}
