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
  const source = {
    page: (before: number | undefined) => control.history(before),
    end,
    rows,
    cols,
    fontPx,
    linesAbove: control.screen.alternate ? 0 : control.screen.linesAbove,
  };
  return new OlderOutput(host, source, onEnd);
}

export { followTouches };
