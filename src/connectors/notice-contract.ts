/** What notices to operators see of PagerDuty and of e-mail: types only; errors as in `contract.ts`. */

/** PagerDuty's own four. */
export type PagerDutySeverity = 'critical' | 'error' | 'warning' | 'info'

/** An event about an incident. The dedup key (at most 255 characters) names the incident, so repeating one is harmless. */
export type PagerDutyEvent =
  | {
      action: 'trigger'
      dedupKey: string
      /** At most 1,024 characters; what is longer is cut. */
      summary: string
      severity: PagerDutySeverity
      /** What it is about: the host or address of this program. */
      source: string
      /** The part of it: a job, a provider. */
      component?: string
      /** When it was seen, epoch milliseconds. */
      atMs: number
      links: { href: string; text: string }[]
    }
  | { action: 'acknowledge' | 'resolve'; dedupKey: string }

export type PagerDutyConnector = {
  /** Sends one event to the Events API v2. Repeating it is harmless. Gives the dedup key as PagerDuty knows it. */
  send(event: PagerDutyEvent): Promise<{ dedupKey: string }>
}

export type EmailConnector = {
  /**
   * Sends one plain-text mail. SMTP has no idempotency: after a lost answer a repetition may arrive twice, with the same
   * Message-ID, by which mail programs know it for one.
   * @param mail.messageId stable for one mail, without angle brackets: `alr_1.fired@kinkeeper`
   */
  send(mail: { to: string; subject: string; text: string; messageId: string }): Promise<{ messageId: string }>
  /** Whether the server lets us in; sends nothing. */
  ping(): Promise<void>
}
