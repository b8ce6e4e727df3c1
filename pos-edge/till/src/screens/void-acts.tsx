/** Asking to undo a sale, and deciding it: a reason is written in both. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { approveVoid, edgeLink, rejectVoid, requestVoid, type Result, type VoidRequestRow } from '../core';
import { words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import { takesFocusInView } from '../parts/focus';
import { announce } from '../parts/live';

const LONGEST_REASON = 200;

export function RequestVoid({ ticket }: { ticket: string }) {
  const open = useSignal(false);
  const say = words.value.voids;
  if (!open.value) {
    return (
      <button
        type="button"
        class="act"
        disabled={!edgeLink.value.reachable}
        data-testid="void-request"
        onClick={() => (open.value = true)}
      >
        {say.request}
      </button>
    );
  }
  return (
    <Reason
      label={say.why}
      go={say.request}
      suggestions={say.reasons}
      testId="void-form"
      onCancel={() => (open.value = false)}
      onReason={(reason) => requestVoid(ticket, reason)}
      onDone={() => {
        open.value = false;
        announce(words.value.voids.requested);
      }}
    />
  );
}

export function Decide({ request }: { request: VoidRequestRow }) {
  const rejecting = useSignal(false);
  const act = useAct();
  const say = words.value.voids;
  if (rejecting.value) {
    return (
      <Reason
        label={say.rejectWhy}
        go={say.rejectGo}
        suggestions={[]}
        testId="reject-form"
        onCancel={() => (rejecting.value = false)}
        onReason={(reason) => rejectVoid(request.void_request_id, reason)}
        onDone={() => {
          rejecting.value = false;
          announce(words.value.voids.statuses.REJECTED);
        }}
      />
    );
  }
  const approve = async () => {
    const done = await act.run(() => approveVoid(request.void_request_id));
    if (done) announce(words.value.voids.statuses.APPROVED);
  };
  return (
    <div class="stack">
      <Refused problem={act.problem.value} />
      <div class="acts">
        <button
          type="button"
          class="act main"
          disabled={act.busy.value}
          data-testid="void-approve"
          onClick={() => void approve()}
        >
          {say.approve}
        </button>
        <button
          type="button"
          class="act"
          disabled={act.busy.value}
          data-testid="void-reject"
          onClick={() => (rejecting.value = true)}
        >
          {say.reject}
        </button>
      </div>
    </div>
  );
}

export interface ReasonProps<T> {
  label: string;
  go: string;
  suggestions: readonly string[];
  testId: string;
  onReason(reason: string): Promise<Result<T>>;
  onDone(): void;
  onCancel(): void;
}

/** Asks for a reason, and does what it is for. */
export function Reason<T>({ label, go, suggestions, testId, onReason, onDone, onCancel }: ReasonProps<T>) {
  const reason = useSignal('');
  const act = useAct();
  const id = useId();
  const send = async (event: Event) => {
    event.preventDefault();
    const text = reason.peek().trim();
    if (text === '') return;
    if (await act.run(() => onReason(text))) onDone();
  };
  return (
    <form class="card stack" onSubmit={(event) => void send(event)} data-testid={testId}>
      <div class="field">
        <label for={id}>{label}</label>
        <input
          id={id}
          class="entry"
          value={reason.value}
          maxLength={LONGEST_REASON}
          autocomplete="off"
          ref={takesFocusInView}
          required
          onInput={(event) => (reason.value = event.currentTarget.value)}
          data-testid="reason"
        />
      </div>
      {suggestions.length > 0 && (
        <div class="chips wrap">
          {suggestions.map((text) => (
            <button key={text} type="button" class="chip" onClick={() => (reason.value = text)}>
              {text}
            </button>
          ))}
        </div>
      )}
      {!edgeLink.value.reachable && <Said>{words.value.problems.edge_unreachable}</Said>}
      <Refused problem={act.problem.value} />
      <div class="acts">
        <button type="button" class="act" onClick={onCancel}>
          {words.value.common.cancel}
        </button>
        <button class="act main" disabled={act.busy.value || reason.value.trim() === ''} data-testid="reason-go">
          {act.busy.value ? words.value.common.busy : go}
        </button>
      </div>
    </form>
  );
}
