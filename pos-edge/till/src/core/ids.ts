// Ids that this device makes, from the browser's own randomness.
import type { DeviceId, TicketId } from './api/schema';

/** `till-<unix ms>-<the till's tag><64 random bits>`: visible ASCII, well below the 128
 *  that a ticket may have. */
export function mintTicket(crypto: Crypto, nowMs: number, deviceId: DeviceId): TicketId {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `till-${Math.max(0, Math.trunc(nowMs))}-${tagOf(deviceId)}${hex(random)}`;
}

/** Whether a till minted a ticket, as far as its tag tells. */
export function isMintedBy(deviceId: DeviceId, ticketId: TicketId): boolean {
  return /^till-\d+-([0-9a-f]{8})[0-9a-f]{16}$/.exec(ticketId)?.[1] === tagOf(deviceId);
}

/** The end of an id is its most random part. */
function tagOf(deviceId: DeviceId): string {
  return deviceId.replaceAll('-', '').slice(-8).toLowerCase().padStart(8, '0');
}

/** An idempotency key that nobody can guess. */
export function mintKey(crypto: Crypto): string {
  return hex(crypto.getRandomValues(new Uint8Array(20)));
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
