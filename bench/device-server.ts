/**
 * A server process of the device API: what `npm start` runs ahead of Next, composed the same way and answering by
 * the same listener (decision 11), without the pages. Settings come from the environment as there.
 */
import { compose } from '#lib/composition.ts'
import { serve } from './push/serve.ts'

const app = await compose()
await serve(
  (request, response) => void app.listener(request, response).then((ours) => ours || response.writeHead(404).end()),
  () => app.close(),
)
