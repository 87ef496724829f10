/** What the commands about one session have in common. */
import type { ArgumentDef } from '../command.js';

export const sessionArgument = {
  shown: 'ID',
  doc: 'the session: its uuid, the first characters of it, or its name',
  completes: 'nothing',
} as const satisfies ArgumentDef;
