/**
 * Questions that a person is on the list of, by reference: what they were called there may be no name that is known of
 * them. Luma has its own, Slack a nickname, and everybody may have been called otherwise when it was asked.
 */
import { inArray, sql } from 'drizzle-orm'
import { type Transaction, tables } from '../../database/index.ts'
import type { About } from './about.ts'

const ERASED = '[erased]'

/**
 * Takes them off the lists and out of the titles; what hangs on the answer stays. To be called before the rows that lead
 * from the lists to them are cut off. @returns how many questions were changed
 */
export async function blankQuestions(tx: Transaction, about: About): Promise<number> {
  const { questions } = tables
  const references = sql`array[${sql.join(
    (await referencesTo(tx, about)).map((reference) => sql`${reference}`),
    sql`, `,
  )}]::text[]`
  const listed = await tx.db.execute(sql`
    update ${questions} set items = (
      select jsonb_agg(case when item ->> 'id' = any(${references})
        then item || ${JSON.stringify({ label: ERASED, detail: null })}::jsonb else item end order by place)
      from jsonb_array_elements(items) with ordinality as listed (item, place))
    where exists (select from jsonb_array_elements(items) as item where item ->> 'id' = any(${references}))`)
  const nobody = JSON.stringify({ person: { email: null, firstName: null, lastName: null } })
  const named = await tx.db.execute(sql`
    update ${questions} set title = ${ERASED}, data = data || ${nobody}::jsonb
    where jsonb_typeof(data -> 'memberIds') = 'array'
      and exists (select from jsonb_array_elements_text(data -> 'memberIds') as member (id) where member.id = any(${references}))`)
  return (listed.rowCount ?? 0) + (named.rowCount ?? 0)
}

/** How the lists name them: as members, by the end of their membership, as a guest, as somebody in Slack. */
async function referencesTo(tx: Transaction, { memberIds, ids }: About): Promise<string[]> {
  const { deactivations, lumaGuests } = tables
  const ends = await tx.db
    .select({ id: deactivations.id })
    .from(deactivations)
    .where(inArray(deactivations.memberId, memberIds))
  const guests = await tx.db
    .selectDistinct({ eventId: lumaGuests.eventId, guestId: lumaGuests.guestId })
    .from(lumaGuests)
    .where(inArray(lumaGuests.memberId, memberIds))
  return [
    ...memberIds,
    ...ends.map(({ id }) => id),
    ...guests.map(({ eventId, guestId }) => `${eventId}/${guestId}`),
    ...ids.flatMap((id) => [`+${id}`, `-${id}`]),
  ]
}
