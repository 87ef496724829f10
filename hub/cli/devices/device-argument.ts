/** What the commands about one device have in common. */
import type { ArgumentDef } from '../command.js';

export const deviceArgument = {
  shown: 'ID',
  doc: 'the device: its id, the first characters of it, or its name',
  completes: 'nothing',
} as const satisfies ArgumentDef;
