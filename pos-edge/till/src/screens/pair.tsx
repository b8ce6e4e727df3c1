/** Connects a new device by its id and a one-time code, typed or from a link. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pair } from '../core';
import { words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';

const LINK = /^#pair=([^./]+)[./](.+)$/;

export function Pair() {
  const device = useSignal('');
  const code = useSignal('');
  const act = useAct();
  const say = words.value.pair;

  useEffect(() => {
    const follow = () => {
      const link = LINK.exec(location.hash);
      if (!link) return;
      device.value = decodeURIComponent(link[1] ?? '');
      code.value = decodeURIComponent(link[2] ?? '');
      history.replaceState(null, '', '#/sell');
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);

  const connect = (event: Event) => {
    event.preventDefault();
    void act.run(() => pair(device.value.trim(), code.value.trim()));
  };

  return (
    <form class="card door-card stack" onSubmit={connect} data-testid="pair">
      <h1>{say.title}</h1>
      <p class="soft">{say.hint}</p>
      <div class="field">
        <label for="pair-device">{say.device}</label>
        <input
          id="pair-device"
          class="entry"
          value={device.value}
          onInput={(event) => (device.value = event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          data-testid="pair-device"
        />
      </div>
      <div class="field">
        <label for="pair-code">{say.code}</label>
        <input
          id="pair-code"
          class="entry"
          value={code.value}
          onInput={(event) => (code.value = event.currentTarget.value)}
          autocomplete="one-time-code"
          autocapitalize="none"
          spellcheck={false}
          required
          data-testid="pair-code"
        />
      </div>
      <Refused problem={act.problem.value} />
      <button class="act main wide" disabled={act.busy.value} data-testid="pair-go">
        {act.busy.value ? words.value.common.busy : say.go}
      </button>
      <p class="soft small">{say.where}</p>
    </form>
  );
}
