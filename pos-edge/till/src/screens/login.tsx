/** Who sells: a tile per person, then the PIN on a pad or by keyboard. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { catalogue, edgeLink, logIn, type StaffMember } from '../core';
import { clock } from '../i18n/format';
import { words } from '../i18n/language';
import { Refused, Said, useAct } from '../parts/act';
import type { PadKey } from '../parts/amount';
import { Icon } from '../parts/icon';
import { Keypad } from '../parts/keypad';

const MOST_PIN = 12;
const LEAST_PIN = 4;

export function Login() {
  const chosen = useSignal<StaffMember | null>(null);
  const person = chosen.value;
  if (person) return <Pin person={person} onBack={() => (chosen.value = null)} />;
  const document = catalogue.value?.document;
  const staff = document?.staff ?? [];
  return (
    <section class="stack login" data-testid="login">
      <div>
        <h1>{words.value.login.title}</h1>
        {document && (
          <p class="soft">
            {document.seller.name} · {document.seller.branch_name}
          </p>
        )}
      </div>
      {!edgeLink.value.reachable && <Said testId="login-needs-edge">{words.value.login.needsEdge}</Said>}
      {staff.length === 0 && <p class="soft">{words.value.login.noStaff}</p>}
      <ul class="people">
        {staff.map((member) => (
          <li key={member.staff_id}>
            <button
              type="button"
              class="person"
              data-testid="staff"
              data-staff={member.staff_id}
              onClick={() => (chosen.value = member)}
            >
              <span class="initial" aria-hidden="true">
                {[...member.name][0]}
              </span>
              <span class="person-name">{member.name}</span>
              <span class="soft small">{words.value.login.roles[member.role ?? 'CASHIER']}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Pin({ person, onBack }: { person: StaffMember; onBack(): void }) {
  const pin = useSignal('');
  const lockedUntil = useSignal<string | null>(null);
  const act = useAct();
  const head = useRef<HTMLHeadingElement>(null);
  const say = words.value.login;

  useEffect(() => {
    head.current?.focus();
    const escape = (event: KeyboardEvent) => event.key === 'Escape' && onBack();
    addEventListener('keydown', escape);
    return () => removeEventListener('keydown', escape);
  }, []);

  const press = (key: PadKey) => {
    if (act.busy.peek()) return;
    if (key === 'erase') pin.value = pin.peek().slice(0, -1);
    else if (key === 'clear') pin.value = '';
    else if (/^[0-9]$/.test(key) && pin.peek().length < MOST_PIN) pin.value += key;
  };

  const enter = async () => {
    if (pin.peek().length < LEAST_PIN) return;
    const tried = pin.peek();
    pin.value = '';
    lockedUntil.value = null;
    await act.run(async () => {
      const result = await logIn(person.staff_id, tried);
      if (!result.ok && result.problem.code === 'login_locked') {
        const seconds = result.problem.retryAfterSeconds;
        if (seconds) lockedUntil.value = new Date(Date.now() + seconds * 1000).toISOString();
      }
      return result;
    });
  };

  const locked = lockedUntil.value;
  return (
    <section class="stack pin" data-testid="pin">
      <h1 ref={head} tabIndex={-1}>
        {say.pinOf(person.name)}
      </h1>
      <div class="dots" role="status" aria-label={say.digits(pin.value.length)} data-testid="pin-dots">
        {Array.from({ length: Math.max(LEAST_PIN, pin.value.length) }, (_, i) => (
          <span key={i} class={i < pin.value.length ? 'dot-pin full' : 'dot-pin'} aria-hidden="true" />
        ))}
      </div>
      {locked ? (
        <p class="said refused" role="status" data-testid="login-locked">
          {say.lockedUntil(clock(locked))}
        </p>
      ) : (
        <Refused problem={act.problem.value} />
      )}
      <Keypad kind="PIN" onKey={press} onDone={() => void enter()} />
      <div class="acts">
        <button type="button" class="act" onClick={onBack} data-testid="pin-back">
          <Icon name="back" size={20} />
          {say.other}
        </button>
        <button
          type="button"
          class="act main"
          disabled={act.busy.value || pin.value.length < LEAST_PIN}
          onClick={() => void enter()}
          data-testid="pin-go"
        >
          {act.busy.value ? words.value.common.busy : say.go}
        </button>
      </div>
    </section>
  );
}
