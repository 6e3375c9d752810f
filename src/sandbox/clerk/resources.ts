/** Clerk's user as it crosses the wire, in the API and in webhooks alike. */
import type { World } from '../world.ts'
import { type ClerkEmail, type ClerkUser, primaryEmail } from './model.ts'

/** A user. `private_metadata` is among it: only the Backend API and webhooks show users. */
export function userResource(world: World, user: ClerkUser): Record<string, unknown> {
  const image = `${world.ownUrl()}/clerk/images/${user.id}`
  return {
    id: user.id,
    object: 'user',
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    image_url: image,
    profile_image_url: image,
    has_image: false,
    primary_email_address_id: user.primaryEmailId,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    password_enabled: true,
    two_factor_enabled: false,
    totp_enabled: false,
    backup_code_enabled: false,
    email_addresses: user.emails.map(emailResource),
    phone_numbers: [],
    web3_wallets: [],
    passkeys: [],
    external_accounts: [],
    saml_accounts: [],
    enterprise_accounts: [],
    public_metadata: user.publicMetadata,
    private_metadata: user.privateMetadata,
    unsafe_metadata: user.unsafeMetadata,
    external_id: user.externalId,
    last_sign_in_at: user.lastSignInMs,
    banned: user.banned,
    locked: user.locked,
    lockout_expires_in_seconds: user.locked ? 3_600 : null,
    verification_attempts_remaining: user.locked ? 0 : 100,
    created_at: user.createdMs,
    updated_at: user.updatedMs,
    delete_self_enabled: true,
    create_organization_enabled: false,
    last_active_at: user.lastSignInMs,
    mfa_enabled_at: null,
    mfa_disabled_at: null,
    legal_accepted_at: user.createdMs,
  }
}

/** What is left of a deleted user. */
export function deletedResource(user: ClerkUser): Record<string, unknown> {
  const external = user.externalId === null ? {} : { external_id: user.externalId }
  return { id: user.id, object: 'user', deleted: true, ...external }
}

/** How a person is called, for the control API. */
export function fullName(user: ClerkUser): string {
  return [user.firstName, user.lastName].filter(Boolean).join(' ') || (primaryEmail(user) ?? user.id)
}

function emailResource(email: ClerkEmail): Record<string, unknown> {
  return {
    id: email.id,
    object: 'email_address',
    email_address: email.address,
    reserved: false,
    verification: {
      object: 'verification_otp',
      status: email.verified ? 'verified' : 'unverified',
      strategy: 'email_code',
      attempts: email.verified ? 1 : null,
      expire_at: email.createdMs + 600_000,
    },
    linked_to: [],
    matches_sso_connection: false,
    created_at: email.createdMs,
    updated_at: email.createdMs,
  }
}
