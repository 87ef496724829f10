/** What can be done with a session from a menu, by who may do it and whether the hub can be asked. */

import { messageOf } from '../../../base/errors.js';
import type { Hub, SessionView } from '../../link/types.js';
import { adviceFor } from '../failure.js';
import type { MenuItem } from '../menu.js';
import { tell } from '../notices.js';
import { openDialog } from '../overlay.js';
import { headingOf } from '../session-names.js';
import { RemoveDialog } from './remove-dialog.js';
import { RenameDialog } from './rename-dialog.js';

export function sessionActions(hub: Hub, view: SessionView): MenuItem[] {
  const { session, agent, state } = view;
  const id = session.uuid;
  const branch = agent?.branch;
  const items: MenuItem[] = [];
  if (branch !== undefined) items.push({ label: 'Copy branch name', icon: 'copy', run: () => copy(branch) });
  if (hub.device.value.view_only || hub.state.value.kind !== 'online') return items;
  items.push({
    label: 'Rename…',
    icon: 'pencil',
    run: () => openDialog(() => <RenameDialog hub={hub} view={view} />),
  });
  if (state !== 'exited') items.push({ label: 'Stop', icon: 'stop', run: () => void stop(hub, view) });
  if (state === 'exited' && agent !== undefined)
    items.push({ label: 'Remove from the list', icon: 'close', run: () => void dismiss(hub, view) });
  if (agent !== undefined)
    items.push({
      label: 'Delete…',
      icon: 'trash',
      danger: true,
      run: () => openDialog(() => <RemoveDialog hub={hub} view={view} />),
    });
  else if (state === 'exited')
    items.push({
      label: 'Delete with its output',
      icon: 'trash',
      danger: true,
      run: () => void attempt(hub.request('session.remove', { id })),
    });
  return items;
}

/** Its process ends; it stays in the list, with its output. */
async function stop(hub: Hub, view: SessionView): Promise<void> {
  const done = await attempt(hub.request('session.kill', { id: view.session.uuid }));
  if (done) tell(`${headingOf(view)} was stopped. Its output stays until you delete it.`);
}

/** Worktree and branch stay where they are. */
async function dismiss(hub: Hub, view: SessionView): Promise<void> {
  const done = await attempt(hub.request('agent.rm', { id: view.session.uuid }));
  const stays = view.agent?.in_place === false ? ' Its worktree and branch stay.' : '';
  if (done) tell(`${headingOf(view)} was removed from the list.${stays}`);
}

async function attempt(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (thrown) {
    tell([messageOf(thrown), adviceFor(thrown)].filter(Boolean).join(' '), { bad: true });
    return false;
  }
}

function copy(text: string): void {
  copyText(text).then(
    () => tell(`Copied ${text}`),
    () => tell('The browser did not allow to copy.', { bad: true }),
  );
}

/** Pages that came over plain http from another machine have no clipboard of their own. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return await navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'only-spoken';
  document.body.append(area);
  area.select();
  // The only way there.
  const copied = document.execCommand('copy');
  area.remove();
  if (!copied) throw new Error('the browser did not copy');
}
