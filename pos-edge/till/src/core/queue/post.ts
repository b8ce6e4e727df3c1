// One attempt to give a sale to the edge.
//
// The body is always the stored text, byte for byte, under the sale's ticket; whether
// it was completed here is a header. An answer counts only if it is about this ticket.
import type { Client } from '../api/client';
import type { SaleReceipt, TicketId } from '../api/schema';
import type { SaleEvent } from './machine';
import type { StoredSale } from './store';

export interface Posted {
  readonly event: SaleEvent;
  readonly sale: SaleReceipt | null;
  /** Whether it was the edge that answered; if not, others may fare no better. */
  readonly heard: boolean;
}

export interface Post {
  readonly sale: Pick<StoredSale, 'ticketId' | 'at' | 'state' | 'method' | 'envelope'>;
  readonly token: string | null;
  readonly patienceMs?: number;
}

/** Whether this device completed it by itself: a fact, and said so in a header. */
export function completedHere(sale: Pick<StoredSale, 'method' | 'state'>): boolean {
  return sale.method === 'CASH' && sale.state !== 'stored';
}

export async function post(client: Client, { sale, token, patienceMs }: Post): Promise<Posted> {
  const outcome = await client.call<Partial<SaleReceipt & { readonly ticket_id: TicketId }> | null>({
    method: 'POST',
    path: '/v1/sales',
    token,
    text: sale.envelope.body,
    key: sale.ticketId,
    ...(completedHere(sale) ? { headers: { 'completed-offline-at': sale.at } } : {}),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  const heard = outcome.kind !== 'unknown' || outcome.why === 'failed';
  switch (outcome.kind) {
    case 'answered': {
      const answer = outcome.value;
      // 202: it waits for a manager there. 200: a manager has decided that it is no sale.
      if (outcome.status !== 201 && answer?.ticket_id === sale.ticketId) {
        return { event: { is: 'held' }, sale: null, heard };
      }
      if (outcome.status !== 201 || answer?.ticketId !== sale.ticketId) {
        const detail = `status ${outcome.status}, not about ${sale.ticketId}`;
        const problem = { code: 'edge_not_understood', detail } as const;
        return { event: { is: 'unknown', problem }, sale: null, heard };
      }
      return { event: { is: 'answered' }, sale: answer as SaleReceipt, heard };
    }
    case 'refused': {
      const { status, problem } = outcome;
      return { event: { is: 'refused', status, problem }, sale: null, heard };
    }
    case 'unknown':
      return { event: { is: 'unknown', problem: outcome.problem }, sale: null, heard };
  }
}
