'use client'
import { useState } from 'react'

/**
 * The version that a form's fields were made on. While nothing was typed they follow what is stored; once something was,
 * the form keeps its basis, so that what somebody else saved meanwhile is not written over unseen.
 */
export function useBasis(version: number) {
  const [basis, setBasis] = useState(version)
  const [touched, setTouched] = useState(false)
  const isOvertaken = version !== basis
  if (isOvertaken && !touched) setBasis(version)
  return {
    basis,
    touched,
    isOvertaken: isOvertaken && touched,
    touch: () => setTouched(true),
    /** Its own write is done: what was typed is what is stored. */
    saved: (next: number) => {
      setBasis(next)
      setTouched(false)
    },
  }
}
