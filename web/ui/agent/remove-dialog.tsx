/**
 * Deletes an agent. The hub is asked without force first and refuses if work would be lost; only after what would be lost
 * was shown, and the branch's name typed, can it be forced.
 */
import { useId, useState } from 'preact/hooks';
import type { Hub, SessionView } from '../../link/types.js';
import { Dialog } from '../dialog.js';
import { Failure } from '../failure.js';
import { tell } from '../notices.js';
import { closeDialog } from '../overlay.js';
import { go, route } from '../route.js';
import { headingOf } from '../session-names.js';
import { type LossList, lossesIn } from './losses.js';

export function RemoveDialog({ hub, view }: { readonly hub: Hub; readonly view: SessionView }) {
  const { agent, session } = view;
  const name = headingOf(view);
  const ownWorktree = agent !== undefined && !agent.in_place;
  const [withWorktree, setWithWorktree] = useState(ownWorktree);
  const [withBranch, setWithBranch] = useState(agent?.new_branch === true);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const losses = lossesIn(error);

  const remove = async (force: boolean): Promise<void> => {
    setBusy(true);
    try {
      const { recovery_ref, warnings } = await hub.request('agent.rm', {
        id: session.uuid,
        ...(withWorktree ? { delete_worktree: true, keep_branch: !withBranch } : {}),
        ...(force ? { force } : {}),
      });
      closeDialog();
      const kept = recovery_ref === undefined ? '' : ` What was lost is kept at ${recovery_ref}.`;
      tell(`${name} was deleted.${kept} ${warnings.join(' ')}`.trim());
      const { value } = route;
      if (value.at === 'session' && value.uuid === session.uuid) go({ at: 'list' }, { replace: true });
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  if (losses !== undefined)
    return (
      <LossDialog
        name={agent?.branch ?? name}
        losses={losses}
        busy={busy}
        onForce={() => void remove(true)}
      />
    );
  return (
    <Dialog title={`Delete ${name}?`} onClose={closeDialog} busy={busy}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void remove(false);
        }}
      >
        <p>
          {session.state === 'running' ? 'It is running: its program is ended. ' : ''}
          {withWorktree
            ? 'If anything would be lost, nothing is touched and you see what.'
            : 'Its files stay where they are.'}
        </p>
        {ownWorktree && (
          <>
            <Check
              label="Delete its worktree"
              hint={agent?.worktree_path}
              checked={withWorktree}
              onChange={setWithWorktree}
            />
            <Check
              label={`Delete the branch ${agent?.branch ?? ''}`}
              hint={
                agent?.new_branch === true ? 'It was made for this agent.' : 'It was there before this agent.'
              }
              checked={withWorktree && withBranch}
              disabled={!withWorktree || agent?.new_branch !== true}
              onChange={setWithBranch}
            />
          </>
        )}
        {error !== undefined && <Failure of={error} />}
        <div class="form-end">
          <button type="button" class="button" disabled={busy} onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" class="button button-danger" disabled={busy}>
            {busy ? 'Deleting…' : 'Delete'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface LossDialogProps {
  readonly name: string;
  readonly losses: readonly LossList[];
  readonly busy: boolean;
  readonly onForce: () => void;
}

function LossDialog({ name, losses, busy, onForce }: LossDialogProps) {
  const [typed, setTyped] = useState('');
  const field = useId();
  return (
    <Dialog title="This would lose work" onClose={closeDialog} busy={busy} kind="wide">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === name) onForce();
        }}
      >
        <p>
          Nothing was deleted. <strong>{name}</strong> has what is nowhere else:
        </p>
        <div class="losses" data-losses>
          {losses.map(({ what, entries, more }) => (
            <section key={what} class="loss">
              <h3>{what}</h3>
              <ul>
                {entries.map(({ mark, text }) => (
                  <li key={`${mark} ${text}`}>
                    {mark !== undefined && <code class="commit">{mark}</code>}
                    <span class={mark === undefined ? 'path' : undefined}>{text}</span>
                  </li>
                ))}
                {more > 0 && <li class="more">and {more} more</li>}
              </ul>
            </section>
          ))}
        </div>
        <p>
          Commit, merge or push it to keep it. If you delete it all the same, botster leaves it under a
          recovery ref.
        </p>
        <div class="field">
          <label class="field-label" for={field}>
            Type <code>{name}</code> to delete it all the same
          </label>
          <input
            id={field}
            class="mono"
            value={typed}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
        </div>
        <div class="form-end">
          <button type="button" class="button" disabled={busy} onClick={closeDialog}>
            Keep it
          </button>
          <button type="submit" class="button button-danger" disabled={busy || typed !== name}>
            {busy ? 'Deleting…' : 'Delete and lose this'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface CheckProps {
  readonly label: string;
  readonly hint: string | undefined;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

function Check({ label, hint, checked, disabled = false, onChange }: CheckProps) {
  const id = useId();
  return (
    <label class="check" for={id}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>
        {label}
        {hint !== undefined && <span class="field-hint">{hint}</span>}
      </span>
    </label>
  );
}
