/** The prompt for a sale that was begun and not finished: a card, not a question in the way. */
import { cart, discardDraft, drafts, resumeDraft } from '../core';
import { usd, when } from '../i18n/format';
import { language, words } from '../i18n/language';
import { Refused, useAct } from '../parts/act';
import { staffName } from '../parts/people';

export function Unfinished() {
  const act = useAct();
  const { unfinished, mine } = drafts.value;
  if (!unfinished || cart.value.lines.length > 0) return null;
  const say = words.value.drafts;
  const items = `${words.value.cart.items(unfinished.item_count)}, ${usd(unfinished.subtotal_usd)}`;
  return (
    <section class="card draft" aria-labelledby="draft-title" data-testid="draft">
      <div>
        <h2 id="draft-title">{say.title}</h2>
        <p class="soft">{say.line(items, when(unfinished.updated_at, language.value))}</p>
        {!mine && <p class="soft small">{say.ofOther(staffName(unfinished.staff_id))}</p>}
        <Refused problem={act.problem.value} />
      </div>
      <div class="acts">
        {mine && (
          <button
            type="button"
            class="act main"
            disabled={act.busy.value}
            data-testid="draft-resume"
            onClick={() => void act.run(() => resumeDraft())}
          >
            {say.resume}
          </button>
        )}
        <button
          type="button"
          class="act"
          disabled={act.busy.value}
          data-testid="draft-discard"
          onClick={() => void act.run(() => discardDraft())}
        >
          {say.discard}
        </button>
      </div>
    </section>
  );
}
