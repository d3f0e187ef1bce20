import { need } from '#lib/client/crdt-text.ts'
import {
  crdtParts,
  evolutionParts,
  forkParts,
  otParts,
  stateReport,
  withParts,
} from '#lib/client/on-demand.ts'

/** For a clock that is virtual: what is fetched when it is first needed takes real time, and makes a second run another one. */
export async function preloadParts(): Promise<void> {
  for (const part of [
    crdtParts,
    otParts,
    forkParts,
    evolutionParts,
    stateReport,
    () => need('text_not_loaded'),
  ])
    await withParts(
      (work) => work(null),
      async () => part(),
    )
}
