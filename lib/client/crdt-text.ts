import type { TextCrdt } from '#lib/engine/crdt/text.ts'
import { notLoaded } from './on-demand.ts'

export let text: TextCrdt | null = null

/** Yjs, the heaviest part, comes when the first text is met. */
export function need(code: string): void {
  if (code !== 'text_not_loaded' || text) return
  throw notLoaded(async () => {
    text = (await import('#lib/engine/crdt/text-yjs.ts')).yjsText
  })
}

export function loadedText(): TextCrdt {
  need('text_not_loaded')
  return text as TextCrdt
}
