/** The sale just completed, until the next one begins: its receipt shows the change large. */
import { signal } from '@preact/signals';

export const sold = signal<{ ticketId: string; queued: boolean } | null>(null);
