/** What answering costs at all: an empty answer, and nothing of the request is looked at. */
import { serve } from '../push/serve.ts'

await serve(
  (_request, response) => void response.writeHead(503).end(),
  async () => {},
)
