/** What any server of streams must do at least: begin an answer, tell that it is there, and hold it open. */
import { serve } from '../push/serve.ts'

await serve(
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': here\n\n')
  },
  async () => {},
)
