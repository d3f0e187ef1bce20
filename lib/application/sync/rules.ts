import { compileAccept } from '#lib/engine/accept-document.ts'
import type { CollectionRules } from '#lib/engine/types.ts'
import type { Authority, Collection, Storage } from '#lib/storage/ports.ts'
import { FleetGone } from '#lib/storage/ports.ts'

/** A fleet's collections as the engine needs them, as of one config version. */
export interface FleetRules {
  readonly configVersion: number
  readonly collections: ReadonlyMap<string, CollectionRules>
  /** Theirs, sorted. */
  readonly names: readonly string[]
  /** By collection name; of most fleets empty. */
  readonly authorities: ReadonlyMap<string, AuthorityOf>
}

export interface AuthorityOf extends Authority {
  readonly collectionId: string
}

const FLEETS_MAX = 1_000

/** Rules by fleet, read again when a push finds another config version under its lock. */
export class RulesCache {
  private readonly storage: Pick<Storage, 'fleets' | 'collections'>
  private readonly fleets = new Map<string, FleetRules>()

  constructor(storage: Pick<Storage, 'fleets' | 'collections'>) {
    this.storage = storage
  }

  /** What is in memory; null before the fleet's first push in this process. */
  known(fleetId: string): FleetRules | null {
    return this.fleets.get(fleetId) ?? null
  }

  /** The same where it is of this config version or a later one. */
  knownSince(fleetId: string, configVersion: number): FleetRules | null {
    const known = this.fleets.get(fleetId)
    return known && known.configVersion >= configVersion ? known : null
  }

  async get(fleetId: string): Promise<FleetRules> {
    return this.fleets.get(fleetId) ?? this.reload(fleetId)
  }

  /** The rules of this config version or a later one, for readers outside a transaction. */
  async since(fleetId: string, configVersion: number): Promise<FleetRules> {
    const known = await this.get(fleetId)
    return known.configVersion >= configVersion ? known : this.reload(fleetId)
  }

  /** Drops what is in memory of a fleet that was removed. */
  forget(fleetId: string): void {
    this.fleets.delete(fleetId)
  }

  /** The version is read first: rules newer than it only cost one more reload. @throws FleetGone */
  async reload(fleetId: string): Promise<FleetRules> {
    const fleet = await this.storage.fleets.get(fleetId)
    if (!fleet) {
      this.forget(fleetId)
      throw new FleetGone(`fleet ${fleetId} was removed`)
    }
    const collections = await this.storage.collections.list(fleetId)
    const rules = {
      configVersion: fleet.configVersion,
      collections: new Map(collections.map((collection) => [collection.name, rulesOf(collection)])),
      names: collections.map(({ name }) => name).sort(),
      authorities: new Map(collections.flatMap(authorityOf)),
    }
    if (this.fleets.size >= FLEETS_MAX) this.fleets.clear()
    this.fleets.set(fleetId, rules)
    return rules
  }
}

export const rulesOf = (collection: Collection): CollectionRules => ({
  name: collection.name,
  strategy: collection.strategy,
  fieldStrategies: collection.fieldStrategies,
  tieRule: collection.tieRule,
  schema: collection.schema,
  accepts: compileAccept(collection.schema),
  schemaVersion: collection.schemaVersion,
  rules: collection.rules,
  upMigrations: collection.upMigrations,
  hasAuthority: collection.authority !== null,
})

const authorityOf = ({ id, name, authority }: Collection): [string, AuthorityOf][] =>
  authority === null ? [] : [[name, { ...authority, collectionId: id }]]
