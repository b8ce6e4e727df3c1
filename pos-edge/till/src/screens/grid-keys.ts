/**
 * Arrow keys in the menu: one tile is in the tab order, arrows go to the next one in
 * that direction as it is seen, Home and End to the first and last. No tile is redrawn.
 */

/** Sees to it that exactly one tile is in the tab order: the one that was, or the first. */
export function seedFocus(place: HTMLElement | null): void {
  const tile = place?.querySelector<HTMLElement>('.tile[tabindex="0"]') ?? place?.querySelector<HTMLElement>('.tile');
  if (place && tile) enter(place, tile);
}

/** A tile that got the focus, by a key or a finger, is the one of the tab order. */
export function entered(event: FocusEvent): void {
  const tile = (event.target as Element | null)?.closest<HTMLElement>('.tile');
  if (tile) enter(event.currentTarget as HTMLElement, tile);
}

function enter(place: HTMLElement, tile: HTMLElement): void {
  for (const other of place.querySelectorAll('.tile[tabindex="0"]')) {
    if (other !== tile) other.setAttribute('tabindex', '-1');
  }
  tile.setAttribute('tabindex', '0');
}

const STEP = { ArrowRight: 1, ArrowLeft: -1 } as const;

export function arrows(event: KeyboardEvent): void {
  const place = event.currentTarget as HTMLElement;
  const from = (event.target as Element | null)?.closest<HTMLElement>('.tile');
  if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
  const tiles = [...place.querySelectorAll<HTMLElement>('.tile')];
  const at = tiles.indexOf(from);
  const to = next(event.key, tiles, at);
  if (!to) return;
  event.preventDefault();
  to.focus();
}

function next(key: string, tiles: readonly HTMLElement[], at: number): HTMLElement | undefined {
  if (key === 'Home') return tiles[0];
  if (key === 'End') return tiles.at(-1);
  if (key === 'ArrowRight' || key === 'ArrowLeft') return tiles[at + STEP[key]];
  if (key === 'ArrowDown') return nearest(tiles, at, 1);
  if (key === 'ArrowUp') return nearest(tiles, at, -1);
  return undefined;
}

/** The tile of the next row whose middle is nearest. */
function nearest(tiles: readonly HTMLElement[], at: number, step: 1 | -1): HTMLElement | undefined {
  const from = tiles[at]?.getBoundingClientRect();
  if (!from) return undefined;
  let row: number | null = null;
  let best: HTMLElement | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let i = at + step; i >= 0 && i < tiles.length; i += step) {
    const tile = tiles[i];
    const box = tile?.getBoundingClientRect();
    if (!tile || !box || Math.abs(box.top - from.top) < 4) continue;
    if (row === null) row = box.top;
    else if (Math.abs(box.top - row) >= 4) break;
    const off = Math.abs(box.left - from.left);
    if (off < least) [best, least] = [tile, off];
  }
  return best;
}
