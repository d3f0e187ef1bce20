import { ShownOnce } from '../../settings/shown-once.tsx'

/** The key that signs what a webhook is sent, as the call that makes it tells it; nothing of another kind. */
export function signingKeyShown(answer: unknown) {
  const { signingKey, name } = answer as { signingKey: string | null; name: string }
  return signingKey === null ? null : <ShownOnce answer={{ key: signingKey, name }} />
}
