import type { ScheduleDefinition } from '../engine/index.ts'
import type { ScheduledJobs } from '../jobs/membership/index.ts'

/** When the clock starts which job, and where an outside scheduler may ask for it. */
export function scheduleDefinitions(jobs: ScheduledJobs): ScheduleDefinition[] {
  return [
    {
      name: 'luma-approval',
      description: 'Approves members who asked to join an event on Luma.',
      cron: '0 9,21 * * *',
      zone: 'UTC',
      path: '/api/jobs/luma-auto-approve',
      job: jobs.lumaApproval,
    },
    {
      name: 'slack-sync',
      description: 'Matches the people in Slack to members, and keeps the members’ user group right.',
      cron: '0 10,22 * * *',
      zone: 'UTC',
      path: '/api/jobs/slack-sync',
      job: jobs.slackSync,
    },
    {
      name: 'cleanup',
      description: 'Removes what has been kept for long enough.',
      cron: '0 3 * * *',
      zone: 'UTC',
      path: '/api/jobs/cleanup',
      job: jobs.cleanup,
    },
  ]
}
