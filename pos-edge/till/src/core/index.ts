// The one door of the screens to the core.
import type { Core } from './types';

export type * from './types';
export { EDGE_CODES } from './api/codes';
export { TILL_CODES } from './types';

declare const core: Core;
export const {
  phase, till, me, edgeLink, sync, catalogue, stock, session, selling, cart, priced, khqr, orders,
  voidRequests, notifications, queue, room, receipt, history, drafts, pageUpdate,
  start, pair, logIn, logOut, openSession, closeSession, moveCash, xReport, zReport,
  loadMovements, loadSessions, addToCart, setQuantity, removeLine, clearCart, setSaleType,
  quickCash, tryTender, makeKhqr, checkKhqr, dropKhqr, finalize, printReceipt, openReceipt,
  closeReceipt, loadHistory, loadMoreHistory, moveOrder, requestVoid, approveVoid, rejectVoid,
  markSeen, resumeDraft, discardDraft, sendQueueNow, applyPageUpdate,
} = core;
