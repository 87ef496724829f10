/**
 * Keys of the page, outside of terminals and fields, and the two that work in a terminal too. The help sheet shows this
 * table.
 */
import type { Hub } from '../../link/types.js';
import { byNeed } from '../list/hub-group.js';
import { dialogIsOpen } from '../overlay.js';
import { go, route } from '../route.js';

const apple = /Mac|iP(hone|ad|od)/.test(navigator.platform);
/** As it is written on the keyboard. */
const ctrl = apple ? '⌃' : 'Ctrl';
const shift = apple ? '⇧' : 'Shift';

export const shortcuts: readonly { readonly keys: readonly string[]; readonly does: string }[] = [
  { keys: [apple ? '⌘' : 'Ctrl', 'K'], does: 'Go to a session' },
  { keys: ['n'], does: 'New agent' },
  { keys: ['g'], does: 'Next session that needs you' },
  { keys: ['/'], does: 'Filter the list' },
  { keys: ['↑', '↓'], does: 'Move in the list (also k, j)' },
  { keys: ['Enter'], does: 'Open the session' },
  { keys: ['?'], does: 'This help' },
];

export const terminalShortcuts: typeof shortcuts = [
  { keys: [ctrl, shift, 'X'], does: 'Leave the terminal: Tab moves on from there' },
  { keys: apple ? ['⌘', 'K'] : [ctrl, shift, 'K'], does: 'Go to a session' },
  { keys: [shift, 'PgUp'], does: 'Scroll back; at the top, older output' },
  { keys: apple ? ['⌘', 'C'] : [ctrl, shift, 'C'], does: 'Copy what is selected' },
  { keys: apple ? ['⌘', 'V'] : [ctrl, shift, 'V'], does: 'Paste' },
];

export interface PageCommands {
  readonly hubs: () => readonly Hub[];
  readonly openSwitcher: () => void;
  readonly openHelp: () => void;
}

/** Letters go into it. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);
}

/** The switcher's keys: in a terminal Ctrl-K is the program's, so it takes Shift there. */
export function opensSwitcher(event: KeyboardEvent, inTerminal: boolean): boolean {
  if (event.code !== 'KeyK' || event.altKey) return false;
  if (event.metaKey) return apple && !event.ctrlKey && !event.shiftKey;
  return event.ctrlKey && event.shiftKey === inTerminal;
}

/** Away from the terminal to what stands around it. */
export function leavesTerminal(event: KeyboardEvent): boolean {
  return event.code === 'KeyX' && event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
}

export function startShortcuts(commands: PageCommands): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || dialogIsOpen()) return;
    const inTerminal = event.target instanceof Element && event.target.closest('.terminal') !== null;
    if (opensSwitcher(event, inTerminal)) {
      event.preventDefault();
      commands.openSwitcher();
      return;
    }
    if (inTerminal || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action(commands);
  };
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

const actions: Readonly<Record<string, (commands: PageCommands) => void>> = {
  '?': ({ openHelp }) => openHelp(),
  '/': () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
  n: ({ hubs }) => {
    const able = hubs().filter(
      ({ state, device }) => state.value.kind === 'online' && !device.value.view_only,
    );
    if (able.length > 0) go({ at: 'new', hub: hereOr(able)?.address });
  },
  g: ({ hubs }) => goToNeed(hubs()),
};

function hereOr(able: readonly Hub[]): Hub | undefined {
  const { value } = route;
  const here = 'hub' in value ? able.find(({ address }) => address === value.hub) : undefined;
  return here ?? able[0];
}

/** The next one that needs somebody, after the one that is shown. */
export function goToNeed(hubs: readonly Hub[]): void {
  const needing = hubs.flatMap((hub) =>
    byNeed(hub.sessions.value)
      .filter(({ state }) => state === 'needs_you')
      .map(({ session }) => ({ hub: hub.address, uuid: session.uuid })),
  );
  const { value } = route;
  const at = value.at === 'session' ? needing.findIndex(({ uuid }) => uuid === value.uuid) : -1;
  const next = needing[(at + 1) % Math.max(1, needing.length)];
  if (next !== undefined) go({ at: 'session', ...next });
}
