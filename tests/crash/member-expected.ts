import {
  arrive,
  attend,
  beFound,
  join,
  leave,
  type MemberOutcome,
  type MemberStory,
  outside,
  stumble,
  takeBack,
  tidy,
} from '../support/member-stories.ts'

export const MEMBER_STORIES = {
  join,
  arrive,
  leave,
  takeBack,
  outside,
  stumble,
  attend,
  tidy,
  beFound,
} as const satisfies Record<string, MemberStory>
export type MemberStoryName = keyof typeof MEMBER_STORIES

const MEMBER: MemberOutcome = {
  contact: { status: 'subscribed', tags: ['active'] },
  welcomes: 1,
  inGroup: false,
  member: { membership: 'active', hidden: false, welcomed: true },
  ends: [],
  audit: ['became a member'],
  luma: { guests: [], mails: 0, charged: 0 },
  open: 0,
}

/** How the outside world and our tables end, for each story. */
export const MEMBER_EXPECTED: Record<MemberStoryName, MemberOutcome> = {
  join: MEMBER,
  arrive: { ...MEMBER, inGroup: true },
  leave: {
    ...MEMBER,
    contact: { status: 'subscribed', tags: ['alumni'] },
    member: { membership: 'ended', hidden: true, welcomed: true },
    ends: ['done'],
    audit: ['became a member', 'membership ended', 'planned the end of the membership'],
  },
  takeBack: {
    ...MEMBER,
    inGroup: true,
    ends: ['undone'],
    audit: [
      'became a member',
      'came back as a member',
      'membership ended',
      'planned the end of the membership',
      'took the end of the membership back',
    ],
  },
  outside: {
    ...MEMBER,
    ends: ['kept'],
    audit: ['became a member', 'planned the end of the membership', 'stays a member'],
  },
  stumble: MEMBER,
  attend: {
    ...MEMBER,
    luma: {
      guests: ['Salon: 1 approved', 'Salon: 1 pending_approval', 'Dinner: 1 approved'],
      mails: 2,
      charged: 2_500,
    },
  },
  tidy: MEMBER,
  beFound: { ...MEMBER, welcomes: 0 },
}
