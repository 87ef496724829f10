/**
 * A modal dialog: the browser's own <dialog>, which keeps the focus inside, ends with Escape and gives the focus back.
 *
 * On narrow screens it is a sheet at the lower edge.
 */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

export interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** Cannot be left now. */
  readonly busy?: boolean;
  readonly kind?: 'plain' | 'wide' | 'palette';
  readonly children: ComponentChildren;
}

export function Dialog({ title, onClose, busy = false, kind = 'plain', children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const leave = useRef(onClose);
  leave.current = busy ? () => undefined : onClose;
  // Before anything else is typed: the first letter belongs to the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    // The ground behind it is the dialog itself.
    shown?.addEventListener('click', ({ target }) => target === shown && leave.current());
    return () => {
      // The element is gone without close(), which would have given the focus back.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog dialog-${kind}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        leave.current();
      }}
    >
      <div class="dialog-body">
        <header class={kind === 'palette' ? 'only-spoken' : 'dialog-head'}>
          <h2 id={heading}>{title}</h2>
          {kind !== 'palette' && (
            <button type="button" class="icon-button" aria-label="Close" disabled={busy} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
