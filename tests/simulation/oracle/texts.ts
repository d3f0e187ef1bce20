import { TEXTS } from '../world/collections.ts'
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

/** E and A of texts: what was typed is there once, what was taken out is gone, and nothing else is there. */
export function checkTexts({ world, ledger }: { readonly world: World; readonly ledger: Ledger }): void {
  const refused = new Set(
    world.devices.flatMap(({ replica }) => replica?.refusals$.get().map(({ mutation }) => mutation.id) ?? []),
  )
  for (const collection of TEXTS) {
    const typed = new Set<number>()
    const erased = new Set<number>()
    // A person decided about a part of it, or a copied store sent a part of a change (FK1); or it stands behind what a
    // restored server never got back, since the one who typed that had given it up for room (docs/simulation.md).
    let isOpen = ledger.history.epoch > 1 && (world.windows.cramped.size > 0 || ledger.damaged.size > 0)
    for (const [id, intent] of ledger.intents) {
      if (intent.collection !== collection || intent.typed.length + intent.erased.length === 0) continue
      const effect = ledger.history.effects.get(id)
      if (refused.has(id) || (effect && !IN_TURN.has(effect.status))) isOpen = true
      if (!effect) continue
      for (const one of intent.typed) typed.add(one)
      for (const one of intent.erased) erased.add(one)
    }
    for (const [key, { versions }] of ledger.history.records) {
      if (!key.startsWith(`${collection}/`) || ledger.uncertain.has(key) || isOpen) continue
      const body = versions.at(-1)?.data?.['body'] ?? ''
      const held = Array.from(String(body)).map((token) => typistOf(collection, token))
      const wanted = [...typed].filter((one) => !erased.has(one))
      for (const one of wanted)
        if (!held.includes(one)) ledger.blame('A', `${key} lacks what operation ${one} typed`)
      for (const [i, one] of held.entries())
        if (!wanted.includes(one) || held.indexOf(one) !== i)
          ledger.blame('E', `${key} holds once too often what operation ${one} typed`)
    }
  }
}
