/**
 * A server process of the device API: what `npm start` runs ahead of Next, composed the same way and answering by
 * the same listener (decision 11), without the pages. Settings come from the environment as there.
 * With an argument it first makes a fleet of that name, with settings and more collections as JSON in the next
 * two, and tells its key.
 */
import { compose } from '#lib/composition.ts'
import { serve } from './push/serve.ts'
import { setUpFleet } from './set-up-fleet.ts'

const app = await compose()
const [fleetName, settings = '{}', collections = '[]'] = process.argv.slice(2)
await serve(
  (request, response) => void answer(request, response),
  () => app.close(),
  fleetName === undefined
    ? {}
    : await setUpFleet(
        app.ctx,
        fleetName,
        JSON.parse(settings) as object,
        JSON.parse(collections) as object[],
      ),
)

async function answer(...[request, response]: Parameters<typeof app.listener>): Promise<void> {
  if (!(await app.listener(request, response))) response.writeHead(404).end()
}
