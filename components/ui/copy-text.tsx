'use client'
import { useRef, useState } from 'react'
import { Button } from '#components/ui/button.tsx'

/** A text that is to be taken elsewhere. Where the browser gives no clipboard it is selected, for the keys to copy. */
export function CopyText({ label, text }: { label: string; text: string }) {
  const box = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    box.current?.select()
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      // Refused, or not over https: it is selected, and the label says what to press.
      setCopied(false)
    }
  }
  return (
    <div className="copy-text">
      <input
        ref={box}
        className="input mono"
        readOnly
        aria-label={label}
        value={text}
        onFocus={(event) => event.target.select()}
      />
      <Button onClick={() => void copy()}>{copied ? 'Copied' : 'Copy'}</Button>
    </div>
  )
}
