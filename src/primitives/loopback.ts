const NAMES = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether an address leads to this machine alone. What listens and what is let in by a click both go by this one
 * answer, so that they cannot disagree.
 */
export function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && NAMES.has(new URL(url).hostname)
}
