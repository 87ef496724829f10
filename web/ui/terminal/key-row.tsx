/**
 * The keys that phones lack, above the on-screen keyboard. Touching them never takes the focus, so the keyboard stays; keys
 * that move repeat while they are held. Those up to Paste fit into 360 px; the rest is scrolled to.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from '../icon.js';
import { useObservable } from '../use-observable.js';
import type { NamedKey, Sticky } from './sticky-keys.js';
import type { TerminalControl } from './terminal-control.js';

const REPEAT_AFTER_MS = 400;
const REPEAT_MS = 60;

export interface KeyRowProps {
  readonly control: TerminalControl;
  readonly onPaste: () => void;
}

export function KeyRow({ control, onPaste }: KeyRowProps) {
  const { modifiers } = useObservable(control.state);
  const key = (name: NamedKey, label: string, icon?: IconName, repeats = false) => (
    <Key label={label} repeats={repeats} onPress={() => control.press(name)}>
      {icon === undefined ? label : <Icon name={icon} />}
    </Key>
  );
  const letter = (text: string) => (
    <Key label={text} onPress={() => control.type(text)}>
      {text}
    </Key>
  );
  return (
    <div class="key-row" role="toolbar" aria-label="Keys">
      {key('Escape', 'Esc')}
      {key('Tab', 'Tab')}
      <StickyKey label="Ctrl" state={modifiers.ctrl} onPress={() => control.modifier('ctrl')} />
      {key('ArrowLeft', 'Left', 'arrowLeft', true)}
      {key('ArrowUp', 'Up', 'arrowUp', true)}
      {key('ArrowDown', 'Down', 'arrowDown', true)}
      {key('ArrowRight', 'Right', 'arrowRight', true)}
      <Key label="Paste" onPress={onPaste}>
        <Icon name="paste" />
      </Key>
      <Key label="Ctrl-C" onPress={() => control.type('\u0003')}>
        ^C
      </Key>
      <StickyKey label="Alt" state={modifiers.alt} onPress={() => control.modifier('alt')} />
      {letter('/')}
      {letter('|')}
      {letter('-')}
      {letter('~')}
      {key('Home', 'Home')}
      {key('End', 'End')}
      {key('PageUp', 'PgUp', undefined, true)}
      {key('PageDown', 'PgDn', undefined, true)}
    </div>
  );
}

interface KeyProps {
  readonly label: string;
  readonly repeats?: boolean;
  readonly onPress: () => void;
  readonly children: ComponentChildren;
}

function Key({ label, repeats = false, onPress, children }: KeyProps) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const stop = (): void => clearTimeout(timer.current);
  useEffect(() => stop, []);
  const again = (): void => {
    onPress();
    timer.current = setTimeout(again, REPEAT_MS);
  };
  return (
    <button
      type="button"
      class="key"
      aria-label={label}
      // The focus, and with it the keyboard, stays where it is.
      onPointerDown={(event) => {
        event.preventDefault();
        if (repeats) timer.current = setTimeout(again, REPEAT_AFTER_MS);
      }}
      onMouseDown={(event) => event.preventDefault()}
      onPointerUp={stop}
      onPointerLeave={stop}
      onPointerCancel={stop}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

const pressed = { off: 'false', once: 'true', locked: 'true' } as const;

function StickyKey({
  label,
  state,
  onPress,
}: {
  readonly label: string;
  readonly state: Sticky;
  readonly onPress: () => void;
}) {
  return (
    <button
      type="button"
      class={`key key-${state}`}
      aria-label={state === 'locked' ? `${label}, locked` : label}
      aria-pressed={pressed[state]}
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPress}
    >
      {label}
    </button>
  );
}
