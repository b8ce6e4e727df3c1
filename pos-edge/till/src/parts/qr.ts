/**
 * QR codes (ISO/IEC 18004), as far as a till needs them: bytes, error correction
 * level M, versions 1 to 20 (up to 666 bytes; a KHQR payload has about 200).
 * Pure: the same text gives the same code.
 */
export interface QrCode {
  /** Modules on one side, without the quiet zone. */
  readonly size: number;
  isDark(x: number, y: number): boolean;
}

/** Error correction bytes of one block, and blocks, by version (level M). */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const MOST_VERSIONS = CORRECTION.length;

/** The code of `text` (UTF-8), or `null` if it is too long for one. */
export function qrCode(text: string): QrCode | null {
  const data = new TextEncoder().encode(text);
  for (let version = 1; version <= MOST_VERSIONS; version += 1) {
    const lengthBits = version < 10 ? 8 : 16;
    const room = dataBytes(version);
    if (4 + lengthBits + data.length * 8 > room * 8) continue;
    const words = interleave(version, packed(data, lengthBits, room));
    return draw(version, words);
  }
  return null;
}

/** One SVG path of all dark modules, in module units, with `quiet` modules around. */
export function qrPath(code: QrCode, quiet = 4): string {
  let path = '';
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (!code.isDark(x, y)) continue;
      let run = 1;
      while (x + run < code.size && code.isDark(x + run, y)) run += 1;
      path += `M${x + quiet} ${y + quiet}h${run}v1h-${run}z`;
      x += run - 1;
    }
  }
  return path;
}

const at = (list: ArrayLike<number>, index: number): number => list[index] ?? 0;

function rawModules(version: number): number {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const marks = Math.floor(version / 7) + 2;
    modules -= (25 * marks - 10) * marks - 55;
    if (version >= 7) modules -= 36;
  }
  return modules;
}

const allBytes = (version: number): number => Math.floor(rawModules(version) / 8);
const dataBytes = (version: number): number =>
  allBytes(version) - at(CORRECTION, version - 1) * at(BLOCKS, version - 1);

/** Mode, length, data, terminator and padding. */
function packed(data: Uint8Array, lengthBits: number, room: number): Uint8Array {
  const out = new Uint8Array(room);
  let bit = 0;
  const put = (value: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i -= 1, bit += 1) {
      if ((value >>> i) & 1) out[bit >> 3] = at(out, bit >> 3) | (0x80 >> (bit & 7));
    }
  };
  put(0b0100, 4);
  put(data.length, lengthBits);
  for (const byte of data) put(byte, 8);
  bit = Math.min(bit + 4, room * 8);
  let pad = 0xec;
  for (let byte = (bit + 7) >> 3; byte < room; byte += 1, pad ^= 0xec ^ 0x11) out[byte] = pad;
  return out;
}

function interleave(version: number, data: Uint8Array): Uint8Array {
  const blocks = at(BLOCKS, version - 1);
  const correction = at(CORRECTION, version - 1);
  const short = blocks - (allBytes(version) % blocks);
  const shortData = Math.floor(allBytes(version) / blocks) - correction;
  const divisor = generator(correction);
  const parts: Uint8Array[] = [];
  const checks: Uint8Array[] = [];
  for (let block = 0, from = 0; block < blocks; block += 1) {
    const length = shortData + (block < short ? 0 : 1);
    const part = data.slice(from, from + length);
    from += length;
    parts.push(part);
    checks.push(remainder(part, divisor));
  }
  const out = new Uint8Array(allBytes(version));
  let to = 0;
  for (let i = 0; i <= shortData; i += 1) {
    for (const part of parts) if (i < part.length) out[to++] = at(part, i);
  }
  for (let i = 0; i < correction; i += 1) for (const check of checks) out[to++] = at(check, i);
  return out;
}

/** Multiplies in GF(2⁸) modulo x⁸ + x⁴ + x³ + x² + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let i = 7; i >= 0; i -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> i) & 1) * a;
  }
  return product;
}

function generator(degree: number): Uint8Array {
  const out = new Uint8Array(degree);
  out[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i += 1) {
    for (let j = 0; j < degree; j += 1) {
      out[j] = times(at(out, j), root) ^ (j + 1 < degree ? at(out, j + 1) : 0);
    }
    root = times(root, 2);
  }
  return out;
}

function remainder(data: Uint8Array, divisor: Uint8Array): Uint8Array {
  const out = new Uint8Array(divisor.length);
  for (const byte of data) {
    const factor = byte ^ at(out, 0);
    out.copyWithin(0, 1);
    out[out.length - 1] = 0;
    for (let i = 0; i < out.length; i += 1) out[i] = at(out, i) ^ times(at(divisor, i), factor);
  }
  return out;
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Grid implements QrCode {
  readonly size: number;
  private readonly dark: Uint8Array;
  private readonly fixed: Uint8Array;

  constructor(version: number, from?: Grid) {
    this.size = version * 4 + 17;
    this.dark = from ? from.dark.slice() : new Uint8Array(this.size * this.size);
    this.fixed = from ? from.fixed : new Uint8Array(this.size * this.size);
  }

  isDark(x: number, y: number): boolean {
    return at(this.dark, y * this.size + x) === 1;
  }

  isFixed(x: number, y: number): boolean {
    return at(this.fixed, y * this.size + x) === 1;
  }

  set(x: number, y: number, dark: boolean): void {
    this.dark[y * this.size + x] = dark ? 1 : 0;
  }

  fix(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.set(x, y, dark);
    this.fixed[y * this.size + x] = 1;
  }
}

function draw(version: number, words: Uint8Array): QrCode {
  const plain = new Grid(version);
  drawPatterns(plain, version);
  drawData(plain, words);
  let best: Grid | null = null;
  let least = Number.POSITIVE_INFINITY;
  MASKS.forEach((mask, index) => {
    const masked = new Grid(version, plain);
    drawFormat(masked, index);
    for (let y = 0; y < masked.size; y += 1) {
      for (let x = 0; x < masked.size; x += 1) {
        if (!masked.isFixed(x, y) && mask(x, y)) masked.set(x, y, !masked.isDark(x, y));
      }
    }
    const cost = penalty(masked);
    if (cost < least) [best, least] = [masked, cost];
  });
  return best ?? plain;
}

function drawPatterns(grid: Grid, version: number): void {
  for (let i = 0; i < grid.size; i += 1) {
    grid.fix(6, i, i % 2 === 0);
    grid.fix(i, 6, i % 2 === 0);
  }
  const finder = (cx: number, cy: number) => {
    for (let dy = -4; dy <= 4; dy += 1) {
      for (let dx = -4; dx <= 4; dx += 1) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        grid.fix(cx + dx, cy + dy, ring !== 2 && ring !== 4);
      }
    }
  };
  finder(3, 3);
  finder(grid.size - 4, 3);
  finder(3, grid.size - 4);
  const marks = alignments(version);
  const last = marks.length - 1;
  marks.forEach((cx, i) =>
    marks.forEach((cy, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
      for (let dy = -2; dy <= 2; dy += 1) {
        for (let dx = -2; dx <= 2; dx += 1) {
          grid.fix(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
        }
      }
    }),
  );
  drawFormat(grid, 0);
  if (version >= 7) drawVersion(grid, version);
}

function alignments(version: number): number[] {
  if (version === 1) return [];
  const marks = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + marks * 3 + 5) / (marks * 4 - 4)) * 2;
  const out = [6];
  for (let i = marks - 2, mark = version * 4 + 10; i >= 0; i -= 1, mark -= step) {
    out.splice(1, 0, mark);
  }
  return out;
}

/** The level (M is `00`) and the mask, with BCH(15, 5) and its fixed pattern. */
function drawFormat(grid: Grid, mask: number): void {
  let rest = mask;
  for (let i = 0; i < 10; i += 1) rest = (rest << 1) ^ ((rest >>> 9) * 0x537);
  const bits = ((mask << 10) | rest) ^ 0x5412;
  const bit = (i: number) => ((bits >>> i) & 1) === 1;
  for (let i = 0; i <= 5; i += 1) grid.fix(8, i, bit(i));
  grid.fix(8, 7, bit(6));
  grid.fix(8, 8, bit(7));
  grid.fix(7, 8, bit(8));
  for (let i = 9; i < 15; i += 1) grid.fix(14 - i, 8, bit(i));
  for (let i = 0; i < 8; i += 1) grid.fix(grid.size - 1 - i, 8, bit(i));
  for (let i = 8; i < 15; i += 1) grid.fix(8, grid.size - 15 + i, bit(i));
  grid.fix(8, grid.size - 8, true);
}

function drawVersion(grid: Grid, version: number): void {
  let rest = version;
  for (let i = 0; i < 12; i += 1) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
  const bits = (version << 12) | rest;
  for (let i = 0; i < 18; i += 1) {
    const dark = ((bits >>> i) & 1) === 1;
    const a = grid.size - 11 + (i % 3);
    const b = Math.floor(i / 3);
    grid.fix(a, b, dark);
    grid.fix(b, a, dark);
  }
}

function drawData(grid: Grid, words: Uint8Array): void {
  let i = 0;
  for (let right = grid.size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < grid.size; step += 1) {
      for (let side = 0; side < 2; side += 1) {
        const x = right - side;
        const y = ((right + 1) & 2) === 0 ? grid.size - 1 - step : step;
        if (grid.isFixed(x, y) || i >= words.length * 8) continue;
        grid.set(x, y, ((at(words, i >> 3) >>> (7 - (i & 7))) & 1) === 1);
        i += 1;
      }
    }
  }
}

/** How hard the code is to read: long runs, blocks, false finders, imbalance. */
function penalty(grid: Grid): number {
  let cost = 0;
  let dark = 0;
  const { size } = grid;
  for (let a = 0; a < size; a += 1) {
    cost += lineCost(size, (b) => grid.isDark(b, a)) + lineCost(size, (b) => grid.isDark(a, b));
    for (let b = 0; b < size; b += 1) {
      const color = grid.isDark(a, b);
      if (color) dark += 1;
      if (a + 1 === size || b + 1 === size) continue;
      const same =
        color === grid.isDark(a + 1, b) &&
        color === grid.isDark(a, b + 1) &&
        color === grid.isDark(a + 1, b + 1);
      if (same) cost += 3;
    }
  }
  const total = size * size;
  return cost + (Math.ceil(Math.abs(dark * 20 - total * 10) / total) - 1) * 10;
}

function lineCost(size: number, isDark: (i: number) => boolean): number {
  let cost = 0;
  let run = 0;
  let recent = 0;
  for (let i = 0; i < size; i += 1) {
    run = i > 0 && isDark(i) === isDark(i - 1) ? run + 1 : 1;
    if (run === 5) cost += 3;
    else if (run > 5) cost += 1;
    recent = ((recent << 1) | (isDark(i) ? 1 : 0)) & 0x7ff;
    if (i >= 10 && (recent === 0b10111010000 || recent === 0b00001011101)) cost += 40;
  }
  return cost;
}
