import { useState } from 'react'

/** Which rows of a page are chosen; `everything`: all of the filter, on every page. Shift chooses from the last one on. */
export function useSelection(shown: string[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [everything, setEverything] = useState(false)
  const [last, setLast] = useState<string | null>(null)
  // What has been dealt with meanwhile is shown, and chosen, no more.
  const ids = shown.filter((id) => chosen.has(id))
  const isPage = shown.length > 0 && ids.length === shown.length

  function set(next: Iterable<string>) {
    setChosen(new Set(next))
    setEverything(false)
  }
  return {
    ids,
    everything,
    isPage,
    has: (id: string) => chosen.has(id),
    choose(id: string, withShift: boolean) {
      const range = withShift && last !== null ? between(shown, last, id) : [id]
      const rest = ids.filter((other) => !range.includes(other))
      set(chosen.has(id) ? rest : [...rest, ...range])
      setLast(id)
    },
    togglePage: () => set(isPage ? [] : shown),
    chooseEverything: () => setEverything(true),
    clear: () => set([]),
  }
}

/** The part of a list from one of its members to another, whichever comes first. */
function between(list: string[], one: string, other: string): string[] {
  const [from = 0, to = 0] = [list.indexOf(one), list.indexOf(other)].sort((a, b) => a - b)
  return from < 0 ? [other] : list.slice(from, to + 1)
}
