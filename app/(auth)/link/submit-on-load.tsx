'use client'
import { useEffect, useRef } from 'react'

/** Sends the form with this id once the page has loaded. */
export function SubmitOnLoad({ form }: { form: string }) {
  const sent = useRef(false)
  useEffect(() => {
    const element = document.getElementById(form)
    // In development effects run twice, and the link works once.
    if (sent.current || !(element instanceof HTMLFormElement)) return
    sent.current = true
    element.requestSubmit()
  }, [form])
  return null
}
