import type { Attributes } from './attributes.ts'

/** The first of these attributes that says something, of the thing itself or else of its resource. */
export type Pick = (...keys: readonly string[]) => string | undefined

export const picker =
  (attributes: Attributes, resource: Attributes): Pick =>
  (...keys) => {
    const found = keys.map((key) => attributes.get(key) ?? resource.get(key))
    const told = found.find((value) => value !== undefined && value !== '')
    return told === undefined ? undefined : String(told)
  }

/** Whose session or log it is, still to be judged (protocol/ingest.ts); null where nobody is named. */
export function clientOf(pick: Pick): object | null {
  const id = pick('sync.client.id')
  if (id === undefined) return null
  return {
    id,
    name: pick('sync.client.name'),
    platform: pick('sync.client.platform', 'os.type'),
    appVersion: pick('sync.client.version', 'service.version')?.slice(0, 40),
    model: pick('device.model.name', 'device.model.identifier'),
    os: pick('os.description'),
  }
}
