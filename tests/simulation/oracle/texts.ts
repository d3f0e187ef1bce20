import { isText } from '../world/collections.ts'
import type { World } from '../world/world.ts'
import type { Ledger } from './ledger.ts'

/** Under OT positions count code points, so the characters there take two units each. */
const FIRST_OF: Readonly<Record<string, number>> = { pages: 0x4e00, sheets: 0x1f400 }

/** The character that an operation of the plan types, and no other one. */
export const tokenOf = (collection: string, operation: number): string =>
  String.fromCodePoint((FIRST_OF[collection] ?? 0) + operation)

/** The operation that typed a character. */
export const typistOf = (collection: string, token: string): number =>
  (token.codePointAt(0) ?? 0) - (FIRST_OF[collection] ?? 0)

const IN_TURN: ReadonlySet<string> = new Set(['applied', 'merged'])

/** What is known of one text. */
interface Text {
  readonly typed: Set<number>
  readonly erased: Set<number>
  /** Of edits that a device set aside or that died: copied stores may have sent a part of one (FK1). */
  readonly unsure: Set<number>
  /** A person decided about it, or a damaged store lost what others stand behind (docs/simulation.md). */
  isElse: boolean
}

/**
 * E and A of texts: what was typed is there once, what was taken out is gone, and nothing else is there. Gives how many were
 * judged.
 */
export function checkTexts({ world, ledger }: { readonly world: World; readonly ledger: Ledger }): number {
  // It may stand behind what a restored server never got back, since the one who typed that had given it up for room
  // (docs/simulation.md).
  const isBehindLost = ledger.history.epoch > 1 && (world.windows.cramped.size > 0 || ledger.damaged.size > 0)
  if (isBehindLost) return 0
  let judged = 0
  const texts = textsOf(world, ledger)
  for (const [key, { collection, versions }] of ledger.history.records) {
    const text = texts.get(key)
    if (!text || text.isElse || ledger.uncertain.has(key)) continue
    judged += 1
    const body = versions.at(-1)?.data?.['body'] ?? ''
    const held = Array.from(String(body)).map((token) => typistOf(collection, token))
    const wanted = [...text.typed].filter((one) => !text.erased.has(one))
    for (const one of wanted)
      if (!held.includes(one) && !text.unsure.has(one))
        ledger.blame('A', `${key} lacks what operation ${one} typed`)
    for (const [i, one] of held.entries())
      if ((!wanted.includes(one) && !text.unsure.has(one)) || held.indexOf(one) !== i)
        ledger.blame('E', `${key} holds once too often what operation ${one} typed`)
  }
  return judged
}

function textsOf(world: World, ledger: Ledger): ReadonlyMap<string, Text> {
  const refused = new Set(
    world.devices.flatMap(({ replica }) => replica?.refusals$.get().map(({ mutation }) => mutation.id) ?? []),
  )
  const texts = new Map<string, Text>()
  for (const [id, { device, collection, recordId, typed, erased }] of ledger.intents) {
    if (!isText(collection) || typed.length + erased.length === 0) continue
    const key = `${collection}/${recordId}`
    const none = { typed: new Set<number>(), erased: new Set<number>(), unsure: new Set<number>() }
    const text = texts.get(key) ?? { ...none, isElse: false }
    texts.set(key, text)
    const status = ledger.history.effects.get(id)?.status
    const isAside = refused.has(id) || status === 'dead_lettered'
    if (isAside) for (const one of [...typed, ...erased]) text.unsure.add(one)
    else if (status !== undefined && !IN_TURN.has(status)) text.isElse = true
    else if (status === undefined && ledger.damaged.has(device)) text.isElse = true
    if (status === undefined || isAside) continue
    for (const one of typed) text.typed.add(one)
    for (const one of erased) text.erased.add(one)
  }
  return texts
}
