import { compose } from '#lib/composition.ts'

/** A server that is started without migrations, as far as its database lets it. */
const app = await compose().catch((error: Error) => {
  console.error(error.message)
  process.exit(3)
})
await app.close()
