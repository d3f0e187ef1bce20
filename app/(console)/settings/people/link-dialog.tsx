'use client'
import { ReasonField } from '#components/ui/field.tsx'
import { FormDialog } from '../../form-dialog.tsx'
import { sendJson } from '../../send-json.ts'
import { fieldText } from '../field-text.ts'
import { LinkShown } from './invite-form.tsx'

/** A way back in for somebody who forgot their password. */
export function LinkDialog(props: { url: string; name: string; origin: string; onClosed: () => void }) {
  return (
    <FormDialog
      title={`A sign-in link for ${props.name}`}
      about="For a forgotten password, which works no more from now on. The link signs them in once, within twelve hours; they then set a new password under Settings, Your account. You hand it over."
      submitLabel="Make the link"
      done="The link is made"
      onClosed={props.onClosed}
      show={(answer) => <LinkShown answer={answer} origin={props.origin} />}
      send={(form) => sendJson('POST', `${props.url}/link`, { reason: fieldText(form, 'reason') })}
    >
      <ReasonField />
    </FormDialog>
  )
}
