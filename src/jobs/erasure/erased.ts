import { inArray } from 'drizzle-orm'
import { type Database, tables } from '../../database/index.ts'
import { hashOf } from './about.ts'

/**
 * When the people with these addresses asked to be forgotten; who never did is missing.
 * @returns community time, epoch milliseconds, by the address as it was given
 */
export async function erasuresOf(
  database: Database,
  addresses: readonly string[],
): Promise<Map<string, number>> {
  const { erasures } = tables
  if (addresses.length === 0 || (await database.db.$count(erasures)) === 0) return new Map()
  return database.transaction(async (tx) => {
    const byHash = new Map<string, string>()
    for (const address of addresses) byHash.set(await hashOf(tx, address), address)
    const rows = await tx.db
      .select()
      .from(erasures)
      .where(inArray(erasures.emailHash, [...byHash.keys()]))
      .orderBy(erasures.requestedAt)
    return new Map(
      rows.map(({ emailHash, requestedAt }) => [byHash.get(emailHash) ?? '', requestedAt.getTime()]),
    )
  })
}
