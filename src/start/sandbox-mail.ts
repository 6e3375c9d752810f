import { z } from 'zod'
import { RetryError, SECOND_MS } from '../primitives/index.ts'

const answerSchema = z.object({ smtpUrl: z.string() })

/** The address of the mail server's stand-in. @throws RetryError while the sandbox does not say */
export async function findSandboxMailServer(finderUrl: string): Promise<string> {
  try {
    const response = await fetch(finderUrl, { signal: AbortSignal.timeout(5 * SECOND_MS) })
    return answerSchema.parse(await response.json()).smtpUrl
  } catch (error) {
    throw new RetryError('The sandbox does not say where its mail server is.', { cause: error })
  }
}
