/** Asks once more, and says what went wrong if it does. */
import { useState } from 'preact/hooks';
import { Dialog } from '../dialog.js';
import { Failure } from '../failure.js';
import { closeDialog } from '../overlay.js';

interface ConfirmDialogProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onConfirm: () => Promise<void>;
}

export function ConfirmDialog({ title, text, action, onConfirm }: ConfirmDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm();
      closeDialog();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={closeDialog} busy={busy}>
      <div class="form">
        <p>{text}</p>
        {error !== undefined && <Failure of={error} />}
        <div class="form-end">
          <button type="button" class="button" disabled={busy} onClick={closeDialog}>
            Cancel
          </button>
          <button type="button" class="button button-danger" disabled={busy} onClick={() => void confirm()}>
            {action}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
