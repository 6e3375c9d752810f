/** What looks like a secret and is none: the beginning of its SHA-256, and why it may stand here. */
export const ALLOWED: ReadonlyMap<string, string> = new Map([
  ['5463d0f94f46c8fc', 'the webhook secret of Stripe’s stand-in in tests'],
  ['9ac6a7fdb960d9aa', 'the webhook secret of Clerk’s stand-in in tests'],
  ['e5e0c310887ea774', 'credentials of a stand-in in tests'],
  ['97abe6e964202263', 'credentials of a stand-in in tests'],
  ['96ad2ccd81462a76', 'the signature vector that Svix has published'],
  ['75a4f509fa968569', 'another secret than the right one, in tests of signatures'],
  ['6adbfd178516c8ef', 'the signature vector that Slack has published'],
  ['acf6a2a92c4a5442', 'credentials of a stand-in in tests'],
  ['00a9981883507165', 'made up, in the test that secrets never reach Sentry'],
  ['76880d60191af3b3', 'made up, in the test that secrets never reach Sentry'],
])
