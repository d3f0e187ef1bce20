'use client'
import { useState } from 'react'
import { TextField } from '#components/ui/field.tsx'
import { OPERATION_RATE } from '#lib/protocol/limits.ts'
import { durationAt } from './operation-words.ts'

/** How many letters or conflicts a second an operation may run, and how long that takes for those to come. Its name in a form is `rate`. */
export function RateField({
  noun,
  count,
  rate,
  onRate,
}: {
  noun: 'letter' | 'conflict'
  count: number
  rate: number
  /** Where no form reads it. */
  onRate?: (rate: number) => void
}) {
  const [typed, setTyped] = useState(rate)
  return (
    <TextField
      label={`${noun === 'letter' ? 'Letters' : 'Conflicts'} a second, at most`}
      name="rate"
      type="number"
      min={OPERATION_RATE.min}
      max={OPERATION_RATE.max}
      value={typed}
      required
      hint={`${durationAt(count, Math.max(OPERATION_RATE.min, typed))}; it can be changed while it runs`}
      onChange={(event) => {
        const next = Number(event.target.value)
        setTyped(next)
        onRate?.(next)
      }}
    />
  )
}
