/** A terminal with what stands on and around it: waiting, older output, the way back down, keys of a phone. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Hub, SessionView } from '../../link/types.js';
import { copyText } from '../agent/session-actions.js';
import { keyboardShown } from '../frame/viewport.js';
import { Icon } from '../icon.js';
import { tell } from '../notices.js';
import { headingOf } from '../session-names.js';
import { useObservable } from '../use-observable.js';
import { KeyRow } from './key-row.js';
import type { TerminalModule } from './load-terminal.js';
import { OlderPane } from './older-pane.js';
import { pasteInto } from './paste.js';
import type { TerminalControl } from './terminal-control.js';
import { TerminalFoot } from './terminal-foot.js';

interface TerminalBodyProps {
  readonly hub: Hub;
  readonly view: SessionView;
  /** It was deleted. */
  readonly gone: boolean;
  readonly module: TerminalModule;
  readonly control: TerminalControl | undefined;
  readonly onControl: (control: TerminalControl | undefined) => void;
}

/** A mouse, and so most likely a keyboard. */
const isComputer = (): boolean => matchMedia('(pointer: fine)').matches;

export function TerminalBody({ hub, view, gone, module, control, onControl }: TerminalBodyProps) {
  const pan = useRef<HTMLDivElement>(null);
  const leaveTo = useRef<HTMLButtonElement>(null);
  const [older, setOlder] = useState(false);
  const [computer] = useState(isComputer);
  const { uuid, rows, cols } = view.session;
  const device = useObservable(hub.device);
  const keyboard = useObservable(keyboardShown);

  useEffect(() => {
    if (pan.current === null) return;
    const opened = module.openTerminal({
      pan: pan.current,
      hub,
      uuid,
      size: { rows, cols },
      label: `Terminal of ${headingOf(view)}`,
      computer,
      onLeave: () => leaveTo.current?.focus(),
    });
    onControl(opened);
    // On a phone it would bring up the keyboard.
    if (computer && !hub.device.value.view_only) opened.screen.focus();
    return () => {
      onControl(undefined);
      opened.dispose();
    };
  }, [hub, uuid]);

  useEffect(() => {
    if (control === undefined || pan.current === null) return;
    return module.followTouches({
      pan: pan.current,
      screen: control.screen,
      onZoom: (font_px) => control.zoomTo(font_px),
      onOlder: () => setOlder(true),
    });
  }, [control]);

  useEffect(() => {
    if (control === undefined) return;
    const shown = (): void => (document.visibilityState === 'visible' ? control.show() : control.hide());
    document.addEventListener('visibilitychange', shown);
    return () => document.removeEventListener('visibilitychange', shown);
  }, [control]);

  useEffect(() => control?.revealCursor(), [keyboard]);

  const onWheel = (event: WheelEvent): void => {
    const { screen } = control ?? {};
    if (screen === undefined || screen.programScrolls || event.deltaY >= 0) return;
    if (screen.top === 0) setOlder(true);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const top = control?.screen.top;
    if (event.key === 'PageUp' && event.shiftKey && top === 0 && control?.screen.alternate === false)
      setOlder(true);
  };

  return (
    <>
      <div class="terminal">
        <div ref={pan} class="terminal-pan" data-terminal onWheel={onWheel} onKeyDownCapture={onKeyDown} />
        {control !== undefined && <OnScreen control={control} hub={hub} />}
        {older && control !== undefined && (
          <OlderPane
            module={module}
            control={control}
            end={view.session.offset}
            onClose={() => setOlder(false)}
          />
        )}
      </div>
      {control !== undefined && (
        <>
          {!computer && !older && !device.view_only && view.state !== 'exited' && (
            <KeyRow control={control} onPaste={() => void pasteInto((text) => control.paste(text))} />
          )}
          <button ref={leaveTo} type="button" class="left-terminal" onClick={() => control.screen.focus()}>
            You left the terminal. Press Enter to go back, Tab to move on.
          </button>
          <TerminalFoot
            hub={hub}
            view={view}
            gone={gone}
            control={control}
            viewOnly={device.view_only}
            onOlder={() => setOlder(true)}
          />
        </>
      )}
    </>
  );
}

/** Small things at the screen's edges, which never keep from reading. */
function OnScreen({ control, hub }: { readonly control: TerminalControl; readonly hub: Hub }) {
  const { status, shown, ended, atBottom, selected } = useObservable(control.state);
  const hubState = useObservable(hub.state);
  const waiting = status === 'waiting' && ended === undefined;
  const copy = (): void => {
    copyText(control.screen.selection).then(
      () => tell('Copied'),
      () => tell('The browser did not allow to copy.', { bad: true }),
    );
    control.screen.clearSelection();
  };
  return (
    <div class="on-screen">
      {waiting && (
        <p class="pill" role="status">
          <span class="spinner" aria-hidden="true" />
          {hubState.kind === 'online'
            ? shown
              ? 'Catching up…'
              : 'Opening…'
            : 'The hub is offline. This is what was there.'}
        </p>
      )}
      {selected && (
        <button
          type="button"
          class="pill pill-button"
          onMouseDown={(event) => event.preventDefault()}
          onClick={copy}
        >
          <Icon name="copy" />
          Copy
        </button>
      )}
      {!atBottom && (
        <button type="button" class="pill pill-button to-end" onClick={() => control.screen.scrollToBottom()}>
          <Icon name="down" />
          To the end
        </button>
      )}
    </div>
  );
}
