/** A receipt: just sold, or opened from an order, the history or a void. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { closeReceipt, openReceipt, printReceipt, receipt, voidRequests, type ReceiptView } from '../core';
import { language, words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import { takesFocus } from '../parts/focus';
import { Icon } from '../parts/icon';
import { decides } from '../parts/people';
import { SideHead } from '../parts/side-head';
import { changeOf, Slip } from '../parts/slip';
import { go } from '../route';
import { sold } from './sold';
import { Decide, RequestVoid } from './void-acts';

export function ReceiptPane({ ticket }: { ticket: string }) {
  const open = useAct();
  const shown = receipt.value?.ticketId === ticket ? receipt.value : null;
  const justSold = sold.value?.ticketId === ticket ? sold.value : null;

  useEffect(() => {
    if (receipt.peek()?.ticketId !== ticket) void open.run(() => openReceipt(ticket));
    return () => {
      if (sold.peek()?.ticketId === ticket) sold.value = null;
      if (receipt.peek()?.ticketId === ticket) closeReceipt();
    };
  }, [ticket]);

  return (
    <div class="pane" data-testid="receipt">
      <SideHead title={words.value.receipt.title} back={words.value.common.back} />
      <div class="pane-body stack" tabIndex={0} role="group" aria-labelledby="side-title">
        {justSold && shown && <Done receipt={shown} queued={justSold.queued} />}
        {shown ? (
          <>
            <Slip receipt={shown} />
            <Undo receipt={shown} />
          </>
        ) : (
          <>
            {open.busy.value && <p role="status">{words.value.common.busy}</p>}
            {open.problem.value && <Said>{words.value.receipt.notFound}</Said>}
            <Refused problem={open.problem.value} />
          </>
        )}
      </div>
      {shown && <Foot receipt={shown} justSold={justSold !== null} />}
    </div>
  );
}

function Done({ receipt: shown, queued }: { receipt: ReceiptView; queued: boolean }) {
  const say = words.value.receipt;
  return (
    <div class="done" data-testid="sold" data-queued={queued}>
      <p class="done-word">
        <Icon name="check" />
        {queued ? say.soldQueued : say.sold}
      </p>
      {shown.payment.method === 'CASH' && (
        <p>
          <span class="soft">{say.changeDue} </span>
          <span class="huge figure" data-testid="sold-change">
            {changeOf(shown)}
          </span>
        </p>
      )}
    </div>
  );
}

/** Asks to undo the sale, or decides what was asked. */
function Undo({ receipt: shown }: { receipt: ReceiptView }) {
  const asked = voidRequests.value.find((request) => request.ticket_id === shown.ticketId);
  if (asked && decides.value) return <Decide request={asked} />;
  if (shown.status !== 'FINALIZED' || shown.source === 'device' || shown.payment.method !== 'CASH') return null;
  return <RequestVoid ticket={shown.ticketId} />;
}

function Foot({ receipt: shown, justSold }: { receipt: ReceiptView; justSold: boolean }) {
  const act = useAct();
  const printed = useSignal(false);
  const say = words.value.receipt;
  const onDevice = shown.source === 'device';
  const offersDevice = onDevice || act.problem.value !== null;

  const print = async () => {
    printed.value = false;
    const done = await act.run(() => printReceipt(shown.ticketId, { lang: language.peek() }));
    printed.value = done !== null;
  };

  return (
    <div class="side-foot">
      <Refused problem={act.problem.value} />
      {printed.value && (
        <p class="said" role="status" data-testid="printed">
          {say.printed}
        </p>
      )}
      <div class="acts">
        {!onDevice && (
          <button type="button" class="act" disabled={act.busy.value} data-testid="print" onClick={() => void print()}>
            <Icon name="print" size={20} />
            {act.busy.value ? say.printing : say.print}
          </button>
        )}
        {offersDevice && (
          <button type="button" class="act" data-testid="print-here" onClick={() => globalThis.print()}>
            <Icon name="print" size={20} />
            {say.printHere}
          </button>
        )}
        {justSold && <NewSale />}
      </div>
    </div>
  );
}

/** Has the focus as soon as it is shown: Enter begins the next sale. */
function NewSale() {
  return (
    <button
      type="button"
      class="act main pay-button"
      data-testid="new-sale"
      ref={takesFocus}
      onClick={() => go('sell', { open: 'none' }, true)}
    >
      {words.value.receipt.newSale}
    </button>
  );
}
