/**
 * Text in terminal styles. Whether there are styles is the caller's decision, so not `util.styleText`, which makes its own.
 */
import { inspect } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'gray';

export function styled(style: Style, text: string): string {
  const [on, off] = inspect.colors[style] as [number, number];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
