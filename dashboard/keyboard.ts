import { useEffect } from 'react'

/**
 * The keys. The page says with data attributes what they act on, so no page handles keys itself: `j` and `k` move
 * the focus through `[data-row]`; any other letter presses the button with that `data-hotkey` in the row in focus, or the
 * page's only one outside of rows; never one in another row. A key that is held down presses once. `/` and `?` are given
 * by the caller.
 */
export function useKeys(actions: { search: () => void; help: () => void }): void {
  const { search, help } = actions
  useEffect(() => {
    function press(event: KeyboardEvent) {
      if (isForSomethingElse(event)) return
      if (event.repeat && !MOVES.has(event.key)) return
      const handled = handle(event.key, search, help)
      if (handled) event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [search, help])
}

const MOVES = new Set(['j', 'k'])

/** Typing in a field, a dialog or menu on top, or a shortcut of the browser. */
function isForSomethingElse(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true
  const target = event.target instanceof Element ? event.target : document.body
  return target.closest('input, textarea, select, [role="dialog"], [role="menu"], [role="listbox"]') !== null
}

function handle(key: string, search: () => void, help: () => void): boolean {
  switch (key) {
    case '/':
      search()
      return true
    case '?':
      help()
      return true
    case 'j':
      return moveFocus(1)
    case 'k':
      return moveFocus(-1)
    default:
      return pressHotkey(key)
  }
}

function moveFocus(step: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const current = rows.findIndex((row) => row.contains(document.activeElement))
  const next = rows[current < 0 ? 0 : Math.min(Math.max(current + step, 0), rows.length - 1)]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
  return next !== undefined
}

function pressHotkey(key: string): boolean {
  if (!/^[a-z]$/.test(key)) return false
  const selector = `button[data-hotkey="${key}"]:not(:disabled)`
  const row = document.activeElement?.closest('[data-row]')
  const button = row?.querySelector<HTMLElement>(selector) ?? onlyOneOutsideRows(selector)
  button?.click()
  return Boolean(button)
}

function onlyOneOutsideRows(selector: string): HTMLElement | null {
  const outside = document.querySelectorAll<HTMLElement>(`${selector}:not([data-row] *)`)
  return outside.length === 1 ? (outside[0] ?? null) : null
}
