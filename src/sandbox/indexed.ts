/** Collections that are asked by something other than their id: by e-mail, by owner. */
import type { Collection } from './store.ts'

export type IndexedCollection<T, Name extends string> = Collection<T> & {
  /** The objects with this key, in the order in which they got it. */
  find(name: Name, key: string): T[]
}

/**
 * Keeps an index beside a collection, so that a lookup in a world of 10,000 people reads only what it answers.
 * @param keysOf each index's key of an object; null keeps the object out of that index
 */
export function indexed<T, Name extends string>(
  collection: Collection<T>,
  keysOf: Record<Name, (value: T) => string | null>,
): IndexedCollection<T, Name> {
  const indexes = new Map<string, Index>()
  const names = Object.keys(keysOf) as Name[]
  for (const name of names) indexes.set(name, new Map())
  const move = (id: string, before: T | undefined, after: T | undefined) => {
    for (const name of names) {
      const [from, to] = [before, after].map((value) => (value === undefined ? null : keysOf[name](value)))
      if (from === to) continue
      const index = indexes.get(name) ?? new Map()
      if (from !== null && from !== undefined) remove(index, from, id)
      if (to !== null && to !== undefined) index.set(to, (index.get(to) ?? new Set<string>()).add(id))
    }
  }
  for (const [id, value] of collection.entries()) move(id, undefined, value)

  return {
    ...collection,
    put(id, value) {
      move(id, collection.get(id), value)
      return collection.put(id, value)
    },
    delete(id) {
      move(id, collection.get(id), undefined)
      return collection.delete(id)
    },
    clear() {
      for (const index of indexes.values()) index.clear()
      collection.clear()
    },
    find: (name, key) => [...(indexes.get(name)?.get(key) ?? [])].flatMap((id) => collection.get(id) ?? []),
  }
}

type Index = Map<string, Set<string>>

function remove(index: Index, key: string, id: string): void {
  const ids = index.get(key)
  ids?.delete(id)
  if (ids?.size === 0) index.delete(key)
}
