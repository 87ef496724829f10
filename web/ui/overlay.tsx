/** The one dialog that is open, if any. Any part of the page can open one; opening another replaces it. */
import type { ComponentChild } from 'preact';
import { Cell } from '../link/observable.js';
import { useObservable } from './use-observable.js';

const open = new Cell<(() => ComponentChild) | undefined>(undefined);

export function openDialog(dialog: () => ComponentChild): void {
  open.set(dialog);
}

export function closeDialog(): void {
  open.set(undefined);
}

export function dialogIsOpen(): boolean {
  return open.value !== undefined;
}

export function Overlay() {
  const Content = useObservable(open);
  return Content === undefined ? null : <Content />;
}
