/** Text to paste elsewhere. A long line is scrolled to, also by keys. */
export function Snippet({ label, text }: { label: string; text: string }) {
  return (
    <pre className="json" role="region" aria-label={label} tabIndex={0}>
      {text}
    </pre>
  )
}
