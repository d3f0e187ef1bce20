import { mounted } from '#app/mounted.ts'

export {
  mounted as DELETE,
  mounted as GET,
  mounted as OPTIONS,
  mounted as PATCH,
  mounted as POST,
  mounted as PUT,
}
