/** Older output over the live screen, with the way back. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Cell } from '../../link/observable.js';
import { Icon } from '../icon.js';
import { useObservable } from '../use-observable.js';
import { bounded } from './fit.js';
import type { TerminalModule } from './load-terminal.js';
import type { OlderOutput, OlderState } from './older-output.js';
import type { TerminalControl } from './terminal-control.js';

interface OlderPaneProps {
  readonly module: TerminalModule;
  readonly control: TerminalControl;
  readonly end: number;
  readonly onClose: () => void;
}

const loading = new Cell<OlderState>({ kind: 'loading' });

export function OlderPane({ module, control, end, onClose }: OlderPaneProps) {
  const host = useRef<HTMLDivElement>(null);
  const back = useRef<HTMLButtonElement>(null);
  const [older, setOlder] = useState<OlderOutput>();
  const state = useObservable(older?.state ?? loading);
  const close = (): void => {
    control.screen.scrollToBottom();
    onClose();
  };

  useEffect(() => {
    if (host.current === null) return;
    const opened = module.readOlder(host.current, control, end, close);
    setOlder(opened);
    back.current?.focus({ preventScroll: true });
    const { screen } = opened;
    const endTouches = module.followTouches({
      pan: host.current,
      screen,
      onZoom: (font_px) => {
        screen.fontPx = bounded(font_px);
      },
      onOlder: () => undefined,
    });
    return () => {
      endTouches();
      opened.close();
      if (matchMedia('(pointer: fine)').matches) control.screen.focus();
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    const { screen } = older ?? {};
    if (event.key === 'Escape') close();
    if (screen === undefined) return;
    const lines = {
      PageUp: -screen.rows,
      PageDown: screen.rows,
      ArrowUp: -1,
      ArrowDown: 1,
      Home: -screen.linesAbove,
    }[event.key];
    if (event.key === 'End') close();
    if (lines === undefined) return;
    event.preventDefault();
    screen.scrollLines(lines);
  };

  return (
    <section class="older" aria-label="Older output" onKeyDown={onKeyDown}>
      <div class="older-bar">
        <Icon name="history" />
        <span role="status">{textOf(state)}</span>
        <button ref={back} type="button" class="button button-small" onClick={close}>
          <Icon name="down" />
          Back to live
        </button>
      </div>
      <div ref={host} class="older-screen" data-older />
    </section>
  );
}

function textOf(state: OlderState): string {
  switch (state.kind) {
    case 'loading':
      return 'Loading older output…';
    case 'more':
      return 'Scroll up for more';
    case 'all':
      return 'The oldest that is kept';
    case 'limit':
      return 'The page goes back no further';
    case 'failed':
      return state.message;
  }
}
