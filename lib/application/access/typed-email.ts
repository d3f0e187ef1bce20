import { isSecure, type AuthSettings } from './auth-settings.ts'
import { emailAddress } from './users.ts'

/** What the sign-in page puts back into its field after a refusal. */
export const TYPED_EMAIL_COOKIE = 'tidemark.typed-email'
const KEPT_S = 300

/**
 * The cookie that brings a typed address back to the sign-in page; null where it is no address: people type passwords into
 * that field. Not in the page's own address, which logs and histories keep.
 */
export function typedEmailCookie(settings: AuthSettings, typed: string | undefined): string | null {
  const email = emailAddress.safeParse(typed)
  if (!email.success) return null
  const rules = `Path=/sign-in; Max-Age=${KEPT_S}; HttpOnly; SameSite=Strict${isSecure(settings) ? '; Secure' : ''}`
  return `${TYPED_EMAIL_COOKIE}=${encodeURIComponent(email.data)}; ${rules}`
}

/** What such a cookie's value says; empty where it is no address. */
export const typedEmail = (value: string | undefined): string => emailAddress.safeParse(value).data ?? ''
