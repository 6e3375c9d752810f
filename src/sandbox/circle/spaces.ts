/** The community and its spaces. */
import type { World } from '../world.ts'

export type CircleSpace = { id: number; name: string; slug: string }

export const COMMUNITY_ID = 1
/** Whose token it is: posts without an author are theirs. */
export const TOKEN_OWNER = { id: 1, email: 'amara@sandbox.example', name: 'Amara Okafor' }

/** The space that job posts go to, and one more. */
export function spaces(world: World): CircleSpace[] {
  const jobs = world.options.circleSpaceId
  return [
    { id: jobs, name: 'Jobs', slug: 'jobs' },
    { id: jobs + 1, name: 'Introductions', slug: 'introductions' },
  ]
}

/** The address of a space's pages, served by the sandbox itself. */
export function spaceUrl(world: World, space: CircleSpace): string {
  return `${world.ownUrl()}/circle/c/${space.slug}`
}

/** A space as the Admin API shows it. */
export function spaceResource(world: World, space: CircleSpace): Record<string, unknown> {
  const posts = world.circle.posts.values().filter((post) => post.spaceId === space.id)
  return {
    id: space.id,
    name: space.name,
    slug: space.slug,
    cover_image_url: null,
    cover_image_visible: true,
    cover_image_display_style: 'normal',
    community_id: COMMUNITY_ID,
    is_private: false,
    hide_post_settings: false,
    display_view: 'posts',
    is_post_disabled: false,
    space_type: 'basic',
    host: world.ownUrl(),
    post_ids: posts.map((post) => post.id),
    url: spaceUrl(world, space),
    emoji: '#',
    space_group: { id: 1, name: 'Community' },
    topics: [],
    event_auto_rsvp_enabled: false,
    default_in_app_notification_setting: 'all',
    default_mobile_notification_setting: 'never',
    default_notification_setting: 'never',
  }
}
