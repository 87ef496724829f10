/** A new name for a session. */
import { useId, useState } from 'preact/hooks';
import type { Hub, SessionView } from '../../link/types.js';
import { Dialog } from '../dialog.js';
import { Failure } from '../failure.js';
import { closeDialog } from '../overlay.js';
import { headingOf } from '../session-names.js';

const MAX_NAME = 100;

export function RenameDialog({ hub, view }: { readonly hub: Hub; readonly view: SessionView }) {
  const [name, setName] = useState(view.session.name ?? headingOf(view));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const field = useId();
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await hub.request('session.update', { id: view.session.uuid, name: name.trim() });
      closeDialog();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Rename session" onClose={closeDialog} busy={busy}>
      <form class="form" onSubmit={(event) => void save(event)}>
        <div class="field">
          <label class="field-label" for={field}>
            Name
          </label>
          <input
            id={field}
            value={name}
            maxLength={MAX_NAME}
            required
            autocomplete="off"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
          <span class="field-hint">Only what it is called here. The branch keeps its name.</span>
        </div>
        {error !== undefined && <Failure of={error} />}
        <div class="form-end">
          <button type="button" class="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" disabled={busy || name.trim() === ''}>
            Rename
          </button>
        </div>
      </form>
    </Dialog>
  );
}
