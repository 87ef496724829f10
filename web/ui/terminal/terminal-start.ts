/** What the terminal's chunk gives to the page. */
import { OlderOutput } from './older-output.js';
import { TerminalControl, type TerminalPlace } from './terminal-control.js';
import { followTouches } from './touch.js';

export function openTerminal(place: TerminalPlace): TerminalControl {
  return new TerminalControl(place);
}

export function readOlder(
  host: HTMLElement,
  control: TerminalControl,
  end: number,
  onEnd: () => void,
): OlderOutput {
  const { rows, cols, fontPx } = control.state.value;
  const { alternate, linesAbove, top } = control.screen;
  // From where the live screen stands; half a screen up at least, so that it is seen that this is another one.
  const fromEnd = Math.max(Math.floor(rows / 2), alternate ? 0 : linesAbove - top);
  const source = {
    page: (before: number | undefined) => control.history(before),
    end,
    rows,
    cols,
    fontPx,
    fromEnd,
  };
  return new OlderOutput(host, source, onEnd);
}

export { followTouches };
