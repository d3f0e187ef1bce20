import { withoutScreens } from '#lib/engine/screens.ts'
import type { CollectionConfig, DeviceConfig } from '#lib/protocol/device.ts'
import type { Collection, Device, Fleet } from '#lib/storage/ports.ts'
import { accessTo } from './access.ts'

/** What a device needs to sync: the collections that it may read, and the pace. */
export function deviceConfig(
  fleet: Fleet,
  collections: readonly Collection[],
  access: Device['access'],
): DeviceConfig {
  return {
    version: fleet.configVersion,
    collections: collections.flatMap((collection) => collectionConfig(collection, access) ?? []),
    sync: { intervalMs: fleet.settings.intervalMs, backoff: fleet.settings.backoff },
    minAppVersion: fleet.settings.minAppVersion,
  }
}

function collectionConfig(collection: Collection, access: Device['access']): CollectionConfig | null {
  const granted = accessTo(access, collection.name)
  if (granted === null) return null
  const { name, strategy, fieldStrategies, tieRule, schema, schemaVersion, rules, upMigrations } = collection
  return {
    name,
    strategy,
    fieldStrategies,
    tieRule,
    // An SDK of a release that doesn't know the keyword could use none of the schema.
    schema: withoutScreens(schema),
    schemaVersion,
    rules,
    upMigrations,
    access: granted,
  }
}
