'use client'
import { useState } from 'react'
import { TextField } from '#components/ui/field.tsx'
import { OPERATION_RATE } from '#lib/protocol/limits.ts'
import { durationAt } from './operation-words.ts'

/** How many letters a second an operation may run, and how long that takes for those to come. Its name in a form is `rate`. */
export function RateField({ letters, rate }: { letters: number; rate: number }) {
  const [typed, setTyped] = useState(rate)
  return (
    <TextField
      label="Letters a second, at most"
      name="rate"
      type="number"
      min={OPERATION_RATE.min}
      max={OPERATION_RATE.max}
      value={typed}
      required
      hint={`${durationAt(letters, Math.max(OPERATION_RATE.min, typed))}; it can be changed while it runs`}
      onChange={(event) => setTyped(Number(event.target.value))}
    />
  )
}
