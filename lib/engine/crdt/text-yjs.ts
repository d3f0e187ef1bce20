import * as Y from 'yjs'
import { hasPairs } from '#lib/kernel/code-points.ts'
import type { Result } from '#lib/kernel/result.ts'
import { err, ok } from '#lib/kernel/result.ts'
import type { TextState } from '#lib/protocol/crdt.ts'
import { decodeBase64, encodeBase64 } from '#lib/kernel/base64.ts'
import { hash53 } from './hash53.ts'
import { LoadedTexts } from './loaded-texts.ts'
import { RecentJoins } from './recent-joins.ts'
import { remembered } from './remembered.ts'
import type { TextCrdt, TextWriter } from './text.ts'
import type { ReplacedRange, TextEdits } from '../replaced-range.ts'
import { edited, replacedRange } from '../replaced-range.ts'
import { contradicts } from './text-contradiction.ts'
import { areOfOneText, restated } from './text-stranded.ts'

/** Structs and deleted ranges in one update; integrating them costs up to the square of it in the worst case. */
export const UPDATE_PARTS_MAX = 5_000
/** Root types of a Yjs document that holds no text yet get this name. Devices may choose another one. */
export const TEXT_ROOT = 'text'
/** Numbers of a Yjs document are counted in doubles; far above what 256 KiB can write. */
const CLOCK_MAX = 2 ** 40

/** What plain text is made of, formatting marks included. */
const PLAIN: ReadonlySet<unknown> = new Set([Y.ContentString, Y.ContentDeleted, Y.ContentFormat])

/** Text by Yjs (CS4), in the v1 encoding of updates; `loaded` only saves time. */
export const textByYjs = (loaded: LoadedTexts<Y.Doc>, joins = new RecentJoins()): TextCrdt => {
  // A device looks at a text some six times for a keystroke, each time from what it has stored.
  const checked = remembered(([update = '']) => checkedUpTo(update, UPDATE_PARTS_MAX))
  const joined = remembered((updates) => {
    const [from = '', change = ''] = updates
    if (joins.holds(from, change)) return ok({ kind: 'text', update: from } as const)
    const made = merged(updates, loaded)
    if (made.ok) joins.keep(made.value.update, { from, change })
    return made
  })
  const read = remembered(([update = '']) => {
    const doc = loadedOf(loaded, { kind: 'text', update })
    if (doc.ok) loaded.keep(update, doc.value)
    return doc.ok ? ok(textIn(doc.value)) : doc
  })
  const clashing = remembered(([state = '', delta = '']) => {
    if (joins.holds(state, delta)) return null
    const doc = loadedOf(loaded, { kind: 'text', update: state })
    const told = decodeBase64(delta)
    if (!doc.ok || !told) return 'bad_update' as const
    const roots = rootsOf(doc.value)
    const known = Y.decodeStateVector(Y.encodeStateVector(doc.value))
    const waits = doc.value.store.pendingStructs !== null
    if (!applied(doc.value, told)) return 'bad_update' as const
    if (roots.length > 0 && rootsOf(doc.value).length > roots.length) return 'other_root' as const
    const { structs } = Y.decodeUpdate(told)
    // What goes on from what is known can say nothing else of it.
    const goesOnAlone = structs.every(({ id }) => id.clock >= (known.get(id.client) ?? 0))
    if ((waits || !goesOnAlone) && contradicts(structsOf({ update: state }), structs))
      return 'client_reused' as const
    lastJoined = { updates: [state, delta], doc: doc.value }
    return null
  })
  return {
    check: ({ update }) => checked([update]),
    checkWhole: ({ update }) => checkedUpTo(update, Infinity),
    merge: (a, b) => joined([a.update, b.update]),
    read: ({ update }) => read([update]),
    edit: (base, next, seed, own) => {
      const opened = base ? docOf(base) : ok(newDoc())
      if (!opened.ok) return opened
      const doc = opened.value
      const [root = TEXT_ROOT, other] = rootsOf(doc)
      if (other !== undefined) return err('other_root')
      const client = own && goesOn(doc, own) ? own.client : freeClient(doc, seed)
      const ranges = rangesTo(textIn(doc), next)
      return ok(
        written(doc, root, client, (text) => {
          for (const range of ranges) replace(text, range)
        }),
      )
    },
    since: (then, now) => {
      const known = joins.between(then.update, now.update)
      if (known) return together(known)
      const [from, to] = [docOf(then), loadedOf(loaded, now)]
      if (!from.ok || !to.ok || hasWaiting(from.value) || hasWaiting(to.value)) return null
      const missing = Y.encodeStateAsUpdate(to.value, Y.encodeStateVector(from.value))
      const made = updateOf(from.value, () => Y.applyUpdate(from.value, missing))
      const isAll = textIn(from.value) === textIn(to.value)
      loaded.keep(now.update, to.value)
      return isAll ? stateOf(made) : null
    },
    carry: (was, is, onto, seed) => {
      const [from, to, done] = [docOf(was), docOf(onto), docOf(is)]
      if (!from.ok || !to.ok || !done.ok || textIn(from.value) !== textIn(to.value)) return err('bad_update')
      const [root = TEXT_ROOT, other] = rootsOf(done.value)
      if (other !== undefined) return err('bad_update')
      const steps: TextStep[] = []
      from.value.getText(root).observe(({ delta }) => steps.push(...delta))
      Y.applyUpdate(from.value, Y.encodeStateAsUpdate(done.value))
      const [ontoRoot = TEXT_ROOT] = rootsOf(to.value)
      return ok(written(to.value, ontoRoot, freeClient(to.value, seed), (text) => takeSteps(text, steps)))
    },
    writerOf: ({ update }) => {
      const bytes = decodeBase64(update)
      const last = bytes ? Y.decodeUpdate(bytes).structs.at(-1) : undefined
      return last ? { client: last.id.client, clock: last.id.clock + last.length } : null
    },
    holds: (state, part) => {
      const known = writtenIn(state)
      return [...writtenIn(part)].every(([client, clock]) => (known.get(client) ?? 0) >= clock)
    },
    waits: (state) => {
      const doc = docOf(state)
      return doc.ok && doc.value.store.pendingStructs !== null
    },
    meets: (a, b) => {
      const [one, other] = [docOf(a), docOf(b)]
      return one.ok && other.ok && areOfOneText(one.value, other.value)
    },
    restate: (whole, base, own, seed) => {
      const [all, ground] = [docOf(whole), docOf(base)]
      if (!all.ok || !ground.ok) return err('bad_update')
      const [root = TEXT_ROOT] = rootsOf(all.value)
      const writers = new Set(own.flatMap(structsOf).map(({ id }) => id.client))
      const clientOf = (): number => freeClient(ground.value, seed)
      const update = restated(all.value, ground.value, root, writers, clientOf)
      return ok(update && stateOf(update))
    },
    clash: (state, delta) => clashing([state.update, delta.update]),
  }
}

export const yjsText = textByYjs(new LoadedTexts())

/**
 * A change is looked at and joined, one right after the other, and to load a long text costs more than both: the document that
 * the last look made, which took in the same updates in the same order.
 */
let lastJoined: { readonly updates: readonly string[]; readonly doc: Y.Doc } | null = null

/** The document of a state, loaded from it and from nothing else; whoever takes it may change it. */
function loadedOf(loaded: LoadedTexts<Y.Doc>, state: TextState): Result<Y.Doc, 'bad_update'> {
  const known = loaded.take(state.update)
  return known ? ok(known) : docOf(state)
}

type TextStep = Y.YTextEvent['delta'][number]

/** The delta of what the writer does to the text: that alone, or each would carry all that was ever taken out of it. */
function written(doc: Y.Doc, root: string, client: number, write: (text: Y.Text) => void): TextState {
  doc.clientID = client
  // What waits for an earlier part is the state's, not this edit's.
  doc.store.pendingStructs = null
  doc.store.pendingDs = null
  const text = doc.getText(root)
  return stateOf(updateOf(doc, () => doc.transact(() => write(text))))
}

/** What one transaction brought: that alone, nothing of what was taken out before. */
function updateOf(doc: Y.Doc, transaction: () => void): Uint8Array {
  let made: Uint8Array = NOTHING
  doc.once('update', (update: Uint8Array) => (made = update))
  transaction()
  return made
}

const hasWaiting = ({ store }: Y.Doc): boolean => store.pendingStructs !== null || store.pendingDs !== null

/** These changes as one. */
function together(changes: readonly string[]): TextState | null {
  const [only, ...others] = changes
  if (only !== undefined && others.length === 0) return { kind: 'text', update: only }
  const updates = changes.map(decodeBase64).filter((update) => update !== null)
  return updates.length === changes.length ? stateOf(Y.mergeUpdates([NOTHING, ...updates])) : null
}

/** No part of a writer, nothing deleted. */
const NOTHING = new Uint8Array([0, 0])

/** What was edited as another text than this one, which may be in no state yet, is as it came to be. */
function rangesTo(text: string, next: string | TextEdits): readonly ReplacedRange[] {
  if (typeof next === 'string') return [replacedRange(text, next)]
  return text === next.before ? next.ranges : [replacedRange(text, edited(next))]
}

function replace(text: Y.Text, { from, removed, inserted }: ReplacedRange): void {
  if (removed > 0) text.delete(from, removed)
  if (inserted !== '') text.insert(from, inserted)
}

function takeSteps(text: Y.Text, steps: readonly TextStep[]): void {
  let from = 0
  for (const { retain = 0, delete: removed = 0, insert = '' } of steps) {
    from += retain
    const inserted = typeof insert === 'string' ? insert : ''
    replace(text, { from, removed, inserted })
    from += inserted.length
  }
}

const newDoc = (): Y.Doc => new Y.Doc({ guid: TEXT_ROOT, gc: true })
const stateOf = (update: Uint8Array): TextState => ({ kind: 'text', update: encodeBase64(update) })
const rootsOf = (doc: Y.Doc): readonly string[] => [...doc.share.keys()].sort()

function docOf({ update }: TextState): Result<Y.Doc, 'bad_update'> {
  const bytes = decodeBase64(update)
  const doc = newDoc()
  return bytes && applied(doc, bytes) ? ok(doc) : err('bad_update')
}

/** How much of each writer, up to the first gap. */
const writtenIn = ({ update }: TextState): ReadonlyMap<number, number> =>
  Y.decodeStateVector(Y.encodeStateVectorFromUpdate(decodeBase64(update) ?? new Uint8Array([0, 0])))

const structsOf = ({ update }: Pick<TextState, 'update'>): ReturnType<typeof Y.decodeUpdate>['structs'] =>
  Y.decodeUpdate(decodeBase64(update) ?? new Uint8Array()).structs

/** Yjs throws on what it can't read; the document is thrown away then. */
function applied(doc: Y.Doc, update: Uint8Array): boolean {
  try {
    Y.applyUpdate(doc, update)
    return true
  } catch {
    return false
  }
}

/** One update with everything that these hold: what waits for an earlier one is kept with it. */
function merged(updates: readonly string[], loaded?: LoadedTexts<Y.Doc>): Result<TextState, 'bad_update'> {
  const doc = joinedDoc(updates)
  if (!doc) return err('bad_update')
  const state = stateOf(Y.encodeStateAsUpdate(doc))
  if (isAsLoaded(doc)) loaded?.keep(state.update, doc)
  return ok(state)
}

/**
 * Whether the document is what loading its state would give (decision 0040): no part of it waits, it has one root with text
 * in it, and no emoji, of which one that was cut in two may read otherwise.
 */
function isAsLoaded(doc: Y.Doc): boolean {
  if (hasWaiting(doc) || doc.share.size !== 1) return false
  const text = textIn(doc)
  return text !== '' && !hasPairs(text)
}

function joinedDoc(updates: readonly string[]): Y.Doc | null {
  const known = lastJoined
  lastJoined = null
  if (known && updates.length === 2 && updates.every((update, i) => update === known.updates[i]))
    return known.doc
  const doc = newDoc()
  const isWhole = updates.every((update) => {
    const bytes = decodeBase64(update)
    return bytes !== null && applied(doc, bytes)
  })
  return isWhole ? doc : null
}

const textIn = (doc: Y.Doc): string =>
  rootsOf(doc)
    .map((name) => doc.getText(name).toString())
    .join('')

function checkedUpTo(update: string, partsMax: number): Result<TextState, 'bad_update'> {
  const bytes = decodeBase64(update)
  return bytes && isPlain(bytes, partsMax) ? merged([update]) : err('bad_update')
}

/** Only what a text is made of, in so many structs and deleted ranges at most. */
function isPlain(update: Uint8Array, partsMax: number): boolean {
  try {
    const { structs, ds } = Y.decodeUpdate(update)
    const deleted = [...ds.clients.values()].flat()
    if (structs.length + deleted.length > partsMax) return false
    if (deleted.some(({ clock, len }) => clock + len > CLOCK_MAX)) return false
    return structs.every((struct) => struct.id.clock + struct.length <= CLOCK_MAX && isOfText(struct))
  } catch {
    // Yjs throws on what it can't read: that is no update of a text.
    return false
  }
}

function isOfText(struct: Y.Item | Y.GC | Y.Skip): boolean {
  if (struct instanceof Y.Skip) return true
  // Collected parts are of nested types; under a writer's number they would hide what it writes there.
  if (!(struct instanceof Y.Item)) return false
  const isInRoot = struct.parent === null || typeof struct.parent === 'string'
  return isInRoot && struct.parentSub === null && PLAIN.has(struct.content.constructor)
}

/** The document holds what the writer wrote, nothing of it waits for an earlier part, and nobody went on for it. */
const goesOn = (doc: Y.Doc, { client, clock }: TextWriter): boolean =>
  Y.getState(doc.store, client) === clock && !waiting(doc).has(client)

/** A writer's number that the document doesn't know yet, the same for the same seed and document. */
function freeClient(doc: Y.Doc, seed: string): number {
  const taken = waiting(doc)
  for (let n = 0; ; n++) {
    const client = hash53(n === 0 ? seed : `${seed} ${n}`)
    if (!doc.store.clients.has(client) && !taken.has(client)) return client
  }
}

/** Writers of parts that an earlier one is missing for. */
const waiting = ({ store }: Y.Doc): ReadonlySet<number> =>
  new Set(
    store.pendingStructs
      ? Y.decodeUpdateV2(store.pendingStructs.update).structs.map(({ id }) => id.client)
      : [],
  )
