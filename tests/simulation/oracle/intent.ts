import type { JsonObject } from '#lib/kernel/json.ts'

/** What a user meant with one mutation: what the device showed before and after. Joined changes are one. */
export interface Intent {
  readonly device: number
  readonly collection: string
  readonly recordId: string
  readonly before: JsonObject | null
  readonly after: JsonObject | null
  /** What was counted and tagged with it. */
  readonly counted: number
  readonly tags: readonly number[]
  /** What it put into a text and took out of it, by the operations that typed it. */
  readonly typed: readonly number[]
  readonly erased: readonly number[]
  /** It should end as a dead letter. */
  readonly isPoison: boolean
  /** Made while a person had to decide about the record: what it stands on is not what the device shows. */
  readonly inConflict: boolean
  /** Of a decision: the other side's version that its person saw, and in which epoch. */
  readonly saw?: { readonly version: number; readonly epoch: number | null | undefined }
}
