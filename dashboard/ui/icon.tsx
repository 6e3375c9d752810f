/** Our own icons: strokes on a 24-unit square, in the colour and size of the text beside them. */
const PATHS = {
  alert: 'M12 4 2.8 20h18.4L12 4Zm0 6v4.5m0 2.8v.1',
  bolt: 'M13 3 5 13.5h6L10 21l8-10.5h-6L13 3Z',
  check: 'm4.5 12.5 5 5 10-11',
  calendar: 'M4 6h16v14H4V6Zm0 4.5h16M8.5 3v4.5M15.5 3v4.5',
  card: 'M3 6h18v12.5H3V6Zm0 4h18M6.5 15h4',
  chevronDown: 'm6 9.5 6 6 6-6',
  chevronLeft: 'm14.5 6-6 6 6 6',
  chevronRight: 'm9.5 6 6 6-6 6',
  clock: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 8v4.5l3 2',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  cross: 'm6 6 12 12M18 6 6 18',
  download: 'M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 20h14',
  dot: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z',
  external: 'M9 6H5v13h13v-4M13 4.5h6.5V11M19 5l-8.5 8.5',
  flask: 'M9 3.5h6M10 3.5V10l-5 8.5c-.6 1 .1 2 1.3 2h11.4c1.2 0 1.9-1 1.3-2L14 10V3.5M7.5 15h9',
  globe: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM3.5 12h17M12 3.5c5 5 5 12 0 17-5-5-5-12 0-17Z',
  grid: 'M4 4h6.5v6.5H4zM13.5 4H20v6.5h-6.5zM4 13.5h6.5V20H4zM13.5 13.5H20V20h-6.5z',
  hand: 'M8 12V6.5a1.5 1.5 0 0 1 3 0V11m0-6a1.5 1.5 0 0 1 3 0v6m0-4a1.5 1.5 0 0 1 3 0v7c0 4-2 6.5-5.5 6.5-3 0-4.5-1.5-6-4L4.3 13.5a1.5 1.5 0 0 1 2.5-1.5L8 13.5',
  hash: 'M9.5 4 7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16',
  inbox: 'M4 13 6.5 5h11L20 13v6H4v-6Zm0 0h5l1 2.5h4l1-2.5h5',
  keyboard: 'M3 6.5h18v11H3zM7 10.5v.1m3.5-.1v.1m3.5-.1v.1m3.5-.1v.1M8 14h8',
  link: 'M9 12h6M10 7.5H8a4.5 4.5 0 0 0 0 9h2M14 7.5h2a4.5 4.5 0 0 1 0 9h-2',
  list: 'M8.5 6H20M8.5 12H20M8.5 18H20M4 6v.1M4 12v.1M4 18v.1',
  lock: 'M6 11h12v9H6v-9Zm2.5 0V8a3.5 3.5 0 0 1 7 0v3M12 14.500v2.500',
  mail: 'M3.5 5.5h17v13h-17v-13Zm0 1 8.5 6.5 8.5-6.5',
  message: 'M4 5h16v11.5H11L6.5 20v-3.5H4V5Z',
  minus: 'M5.5 12h13',
  more: 'M4.5 12h1M11.5 12h1M18.5 12h1',
  pause: 'M8.5 5v14M15.5 5v14',
  pencil: 'm4 20 1-4.5L16 4.5l3.5 3.5-11 11L4 20ZM13.5 7l3.5 3.5',
  people:
    'M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM3 19.5c0-3.5 2.5-5.5 6-5.5s6 2 6 5.5M15.5 5.3a3 3 0 0 1 0 5.400M17.5 14.400c2.200.7 3.5 2.5 3.5 5.100',
  phone: 'M7.5 3h9v18h-9zM11 18h2',
  play: 'M7.5 4.500v15l11.5-7.500-11.5-7.500Z',
  progress: 'M12 3.5a8.5 8.5 0 1 1-8.5 8.5',
  question:
    'M9 9a3 3 0 1 1 4.5 2.700c-1 .6-1.5 1.200-1.5 2.3m0 3.3v.1M12 2.800a9.200 9.200 0 1 1 0 18.400 9.200 9.200 0 0 1 0-18.400Z',
  retry: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.400L19.5 9M19.5 4.5V9H15',
  search: 'M11 4.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM16 16l4.5 4.5',
  send: 'M4 12 20 4.5 15.5 20 11 13.5 4 12Zm7 1.5 4-4',
  stop: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM6 6l12 12',
  undo: 'M8.5 5 4 9.5 8.5 14M4 9.5h9.5a5.5 5.5 0 0 1 0 11H10',
  user: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4.5 20.5c0-4 3-6 7.5-6s7.5 2 7.5 6',
} as const

export type IconName = keyof typeof PATHS
export const ICON_NAMES = Object.keys(PATHS) as IconName[]

/** Decoration beside a word, hidden from screen readers: an icon never carries a meaning alone. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      focusable="false"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={size > 20 ? 1.5 : 2}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: 'none' }}
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
