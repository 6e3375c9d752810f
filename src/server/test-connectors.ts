import type { Connectors } from '../connectors/index.ts'

/** Answers everything; a test replaces the call that it wants to go wrong. */
export function stubConnectors(): Connectors {
  let made = 0
  return {
    slack: {
      postMessage: async ({ channel }) => ({ channel, ts: `1700000000.${String(++made).padStart(6, '0')}` }),
      findMessage: async () => null,
      updateMessage: async () => {},
      openView: async () => {},
      postEphemeral: async () => {},
      userName: async (id) => id,
    },
    circle: {
      createPost: async () => ({ id: String(++made), url: `https://circle.example/posts/${made}` }),
      findPost: async () => null,
      deletePost: async () => {},
    },
    twilio: {
      sendMessage: async () => ({ sid: `SM${++made}` }),
      findMessage: async () => null,
    },
    openai: { extract: async () => ({}) },
    slackPeople: {
      listPeople: async () => ({ items: [], next: null }),
      findPerson: async () => null,
      groupMembers: async () => [],
      setGroupMembers: async () => {},
    },
    mailchimp: {
      findContact: async () => null,
      putContact: async ({ email, statusIfNew }) => ({ email, status: statusIfNew, tags: [] }),
      setTags: async () => {},
      archiveContact: async () => {},
      triggerWelcome: async () => {},
      ping: async () => {},
    },
    luma: {
      listUpcomingEvents: async () => ({ items: [], next: null }),
      listPendingGuests: async () => ({ items: [], next: null }),
      findGuest: async () => null,
      setGuestStatus: async () => {},
      ping: async () => {},
    },
    stripe: {
      canRead: false,
      subscription: async () => null,
      customer: async () => null,
      subscriptionsOf: async () => [],
      listSubscriptions: async () => ({ items: [], next: null }),
      readSubscription: () => never(),
      readCustomer: () => never(),
      ping: async () => {},
    },
    clerk: {
      canRead: false,
      user: async () => null,
      listUsers: async () => ({ items: [], next: null }),
      readUser: () => never(),
      ping: async () => {},
    },
    pagerduty: { send: async ({ dedupKey }) => ({ dedupKey }) },
    email: { send: async ({ messageId }) => ({ messageId }), ping: async () => {} },
  }
}

function never(): never {
  throw new Error('This test was not to read an object of a provider')
}
