import type { JsonObject } from '#lib/kernel/json.ts'
import { overlaps } from '#lib/kernel/json-pointer.ts'
import { changedPlaces as placesOf } from '../conflict/field-stamps.ts'
import type { ConflictEffect } from '../types.ts'

/** Places of one side that are told; past them the document counts as changed as a whole. */
const PLACES_MAX = 100

/**
 * Where a document differs from another, as JSON Pointers: objects by name, everything else as one value; the root's where
 * only one is there. Pure.
 */
export function changedPlaces(from: JsonObject | null, to: JsonObject | null): readonly string[] {
  const places = placesOf(from, to)
  return places.length > PLACES_MAX ? [''] : places
}

type Sides = Pick<ConflictEffect, 'base' | 'baseKnown' | 'local' | 'remote'>

/**
 * Which places both sides of a conflict changed (DR1), as the wider of two that lie in each other; none where they changed
 * different fields, or to the same values. Null where the base is not known: nobody can say who changed what. Pure.
 */
export function contestedPlaces({ base, baseKnown, local, remote }: Sides): readonly string[] | null {
  if (!baseKnown) return null
  // Two that made the record are as two that changed an empty one, as in a merge by field (CS3).
  const theirs = changedPlaces(base ?? (remote && {}), remote)
  const mine = changedPlaces(base ?? (local && {}), local)
  const differing = changedPlaces(local, remote)
  const both = new Set<string>()
  for (const a of mine) for (const b of theirs) if (overlaps(a, b)) both.add(a.length < b.length ? a : b)
  return [...both].filter((place) => differing.some((other) => overlaps(place, other))).sort()
}

const ENCODER = new TextEncoder()
export const jsonBytes = (value: unknown): number => ENCODER.encode(JSON.stringify(value)).length
