/** Icons, drawn here: no font and no file is loaded. They say nothing to readers. */
const PATHS = {
  sell: 'M5 8h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 9h2a2.5 2.5 0 0 1 0 5h-2M8 2.5v2.5M12 2.5v2.5M4 21h14',
  orders: 'M6 4h12v17l-3-2-3 2-3-2-3 2zM9 9h6M9 13h6',
  history: 'M12 7v5l3.5 2M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5',
  voids: 'M9 14 4.5 9.5 9 5M4.5 9.5H15a5 5 0 0 1 0 10h-4',
  drawer: 'M3 8h18v11H3zM6 8V5h12v3M10 13.5h4',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20.5 20.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5',
  back: 'M14.5 5 7.5 12l7 7',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17.5 19.5 7',
  erase: 'M9 6h11v12H9l-5.5-6zM12 10l4 4M16 10l-4 4',
  print: 'M7 9V4h10v5M7 17H4.5V9h15v8H17M7 14.5h10V20H7z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0',
  arrow: 'M5 12h14M13.5 6.5 19 12l-5.5 5.5',
  cart: 'M3 4.5h2.5l2 11h10l2-8H6.5M9 20h.01M16 20h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="glyph"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
