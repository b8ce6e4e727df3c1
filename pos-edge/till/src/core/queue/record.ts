// A sale of this device that the edge does not have yet, as it is stored.
import type { DeviceId, DraftId, CashSessionId, StaffId, TicketId, Timestamp } from '../api/schema';
import type { Sealed } from '../storage/crypt';
import type { Problem, ReceiptView } from '../types';
import type { KeptState, Method } from './machine';

/** In the clear: what deciding and sorting need. */
export interface QueueMeta {
  readonly ticketId: TicketId;
  readonly state: KeptState;
  readonly method: Method;
  readonly draftId: DraftId;
  /** When it was sold; says so in `Completed-Offline-At` once it is queued. */
  readonly at: Timestamp;
  readonly attempts: number;
  /** What the edge said last. */
  readonly problem: Problem | null;
}

/** Encrypted, and never changed. */
export interface SaleEnvelope {
  /** The bytes that are posted, always these. */
  readonly body: string;
  readonly deviceId: DeviceId;
  readonly staffId: StaffId;
  readonly sessionId: CashSessionId;
  /** As the customer got it from this device. */
  readonly receipt: ReceiptView;
}

export interface QueueRecord extends QueueMeta {
  /** The order in which they were made; the database gives it. */
  readonly seq?: number;
  readonly sealed: Sealed;
}
