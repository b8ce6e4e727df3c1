// The one door of the screens to the core.
import { loadEngine } from '../engine';
import { createCore } from './core';
import { browserPorts } from './ports';

export type * from './types';
export { EDGE_CODES } from './api/codes';
export { TILL_CODES } from './types';

const { core } = createCore(browserPorts(loadEngine));

export const {
  phase, failure, till, me, edgeLink, sync, catalogue, stock, session, selling, cart, priced, khqr,
  orders, voidRequests, heldSales, notifications, queue, room, receipt, history, drafts, pageUpdate,
  start, pair, logIn, logOut, openSession, closeSession, moveCash, xReport, zReport,
  loadMovements, loadSessions, notes, countNotes, countDrawer,
  addToCart, setQuantity, removeLine, clearCart, setSaleType,
  quickCash, tryTender, makeKhqr, checkKhqr, dropKhqr, finalize,
  printReceipt, openReceipt, closeReceipt, loadHistory, loadMoreHistory,
  moveOrder, requestVoid, approveVoid, rejectVoid, loadDecidedVoids, acceptHeld, rejectHeld, markSeen,
  resumeDraft, discardDraft, sendQueueNow, applyPageUpdate,
} = core;
