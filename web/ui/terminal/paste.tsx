/** Pasting where there is no keyboard for it: from the clipboard if the browser gives it, else by a field. */
import { useId, useState } from 'preact/hooks';
import { Dialog } from '../dialog.js';
import { closeDialog, openDialog } from '../overlay.js';

export async function pasteInto(paste: (text: string) => void): Promise<void> {
  try {
    // Not there on pages that came over plain http, and the user may refuse.
    const text = await navigator.clipboard.readText();
    if (text !== '') paste(text);
  } catch {
    openDialog(() => <PasteDialog paste={paste} />);
  }
}

function PasteDialog({ paste }: { readonly paste: (text: string) => void }) {
  const [text, setText] = useState('');
  const field = useId();
  return (
    <Dialog title="Paste" onClose={closeDialog}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          closeDialog();
          paste(text);
        }}
      >
        <div class="field">
          <label class="field-label" for={field}>
            The browser does not give its clipboard to this page. Paste here:
          </label>
          <textarea
            id={field}
            class="mono"
            rows={5}
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </div>
        <div class="form-end">
          <button type="submit" class="button button-primary" disabled={text === ''}>
            Paste into the terminal
          </button>
        </div>
      </form>
    </Dialog>
  );
}
