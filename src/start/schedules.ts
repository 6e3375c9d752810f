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
  ]
}
