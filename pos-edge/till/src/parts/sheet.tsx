/**
 * A sheet over the page for one choice (add-ons). The browser's own dialog keeps the
 * focus inside and closes on Escape. What has `autofocus` gets the focus, and what had it
 * before gets it back.
 */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/language';
import { Icon } from './icon';

interface Props {
  title: string;
  onClose(): void;
  children: ComponentChildren;
  testId: string;
}

export function Sheet({ title, onClose, children, testId }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current;
    const opener = document.activeElement as HTMLElement | null;
    if (shown && !shown.open) shown.showModal();
    return () => {
      shown?.close();
      // It may be gone from the page already: then the browser gives nothing back.
      opener?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="sheet-title"
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="sheet-body">
        <header class="sheet-head">
          <h2 id="sheet-title">{title}</h2>
          <button type="button" class="act icon quiet" aria-label={words.value.common.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
