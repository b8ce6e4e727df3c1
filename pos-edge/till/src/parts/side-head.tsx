/** The head of what stands beside a section: its name, and the way back. */
import type { ComponentChildren } from 'preact';
import { beside } from '../route';
import { Icon } from './icon';

export function SideHead({ title, back, children }: { title: string; back: string; children?: ComponentChildren }) {
  return (
    <header class="side-head">
      <button
        type="button"
        class="act icon quiet side-back"
        aria-label={back}
        data-testid="side-back"
        onClick={() => beside({ open: 'none' })}
      >
        <Icon name="back" />
      </button>
      <h1 id="side-title" tabIndex={-1}>
        {title}
      </h1>
      {children}
    </header>
  );
}
