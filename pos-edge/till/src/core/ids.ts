// Ids that this device makes, from the browser's own randomness.
import type { TicketId } from './api/schema';

/** `till-<unix ms>-<80 random bits>`: visible ASCII, well below the 128 that a ticket may have. */
export function mintTicket(crypto: Crypto, nowMs: number): TicketId {
  const random = crypto.getRandomValues(new Uint8Array(10));
  return `till-${Math.max(0, Math.trunc(nowMs))}-${hex(random)}`;
}

/** An idempotency key that nobody can guess. */
export function mintKey(crypto: Crypto): string {
  return hex(crypto.getRandomValues(new Uint8Array(20)));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
