import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrCode, qrPath, type QrCode } from './qr';

/** Reads a code by another's reader, from the picture that a camera would see. */
function read(code: QrCode, scale = 4, quiet = 4): string | null {
  const side = (code.size + 2 * quiet) * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < code.size * scale; y += 1) {
    for (let x = 0; x < code.size * scale; x += 1) {
      if (!code.isDark(Math.floor(x / scale), Math.floor(y / scale))) continue;
      const at = ((y + quiet * scale) * side + x + quiet * scale) * 4;
      pixels.fill(0, at, at + 3);
    }
  }
  return jsQR(pixels, side, side)?.data ?? null;
}

const KHQR =
  '00020101021230490014mekong@aclb0125sokha_coffee_riverside_kh52045814530311654071' +
  '2300.05802KH5913Mekong Coffee6010Phnom Penh62340120till-1795253400123ab0706Till 1' +
  '99340013179525340012301131795253700123630479B5';

describe('QR codes', () => {
  it('of a KHQR payload are read as what they hold', () => {
    const code = qrCode(KHQR);
    expect(code && read(code)).toBe(KHQR);
  });

  it('of every version that a till can meet are read', () => {
    const sizes = new Set<number>();
    for (let length = 1; length <= 666; length += 19) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * 31 + length) % 90))).join('');
      const code = qrCode(text);
      expect(code && read(code), `${length} bytes`).toBe(text);
      if (code) sizes.add(code.size);
    }
    expect(sizes.size).toBeGreaterThanOrEqual(15);
  });

  it('hold text of other scripts as UTF-8', () => {
    const code = qrCode('កាហ្វេ ៛');
    expect(code && read(code)).toBe('កាហ្វេ ៛');
  });

  it('are not made of what does not fit', () => {
    expect(qrCode('x'.repeat(666))).not.toBeNull();
    expect(qrCode('x'.repeat(667))).toBeNull();
  });

  it('are drawn as runs of dark modules', () => {
    const code = qrCode('a');
    if (!code) throw new Error('no code');
    const path = qrPath(code, 0);
    const drawn = [...path.matchAll(/h(\d+)v/g)].reduce((sum, run) => sum + Number(run[1]), 0);
    let dark = 0;
    for (let y = 0; y < code.size; y += 1) for (let x = 0; x < code.size; x += 1) if (code.isDark(x, y)) dark += 1;
    expect(drawn).toBe(dark);
    expect(path.startsWith('M0 0h7v1h-7z')).toBe(true);
  });
});
