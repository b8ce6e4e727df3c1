// Room for sales on this device.
//
// Guarantees: the browser is asked not to evict what is kept; how many sales still fit
// is an estimate on the safe side. At none left the page refuses to sell rather than
// to promise what it cannot keep.
import type { Ports } from './ports';
import type { State } from './state';

/** What a stored sale takes at most in practice: fifty lines, encrypted, with its index. */
const SALE_BYTES = 48 * 1024;
/** The part of the quota that is counted on: what a browser says is an estimate. */
const COUNTED_ON = 0.8;

export interface RoomPart {
  /** Asks the browser to keep what is stored. */
  persist(): Promise<void>;
  refresh(): Promise<void>;
}

export function createRoom(state: State, storage: Ports['storage']): RoomPart {
  async function refresh(): Promise<void> {
    if (!storage) return;
    try {
      const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
      const left = Math.max(0, quota * COUNTED_ON - usage);
      state.deviceRoom.value = {
        usedBytes: usage,
        quotaBytes: quota,
        salesLeft: Math.floor(left / SALE_BYTES),
        persisted,
      };
    } catch {
      // A browser that does not tell: sales are refused when storing one fails.
      state.deviceRoom.value = null;
    }
  }

  return {
    refresh,
    async persist() {
      if (!storage) return;
      try {
        if (!(await storage.persisted())) await storage.persist();
      } catch {
        // It stays as it is, and `room` says so.
      }
      await refresh();
    },
  };
}
