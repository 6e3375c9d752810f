const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
const STORED_AS = 'kinkeeper-theme'

/** The reader's choice of theme on this device; `system` follows the device. */
export function storedTheme(): Theme {
  const stored = localStorage.getItem(STORED_AS)
  return THEMES.find((theme) => theme === stored) ?? 'system'
}

/** Applies a theme and remembers it on this device. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  localStorage.setItem(STORED_AS, theme)
}
