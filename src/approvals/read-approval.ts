import { eq } from 'drizzle-orm'
import { type Transaction, tables } from '../database/index.ts'
import { NotFoundError } from '../primitives/index.ts'

export type Approval = typeof tables.approvals.$inferSelect

/** @throws NotFoundError */
export async function readApproval(tx: Pick<Transaction, 'db'>, id: string): Promise<Approval> {
  const [row] = await tx.db.select().from(tables.approvals).where(eq(tables.approvals.id, id))
  if (!row) throw new NotFoundError('There is no such approval. It may belong to another installation.')
  return row
}
