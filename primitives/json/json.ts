/** The behaviour of `json`: the printer and the parser, their failures as values. No state. */
import { HubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { implement } from '../define.js';
import { jsonDef } from './json.def.js';
import { type ParseCode, parseJson } from './parse.js';
import { type PrintCode, printJson } from './print.js';

function print(value: LuaValue, indent: '' | '  '): string | HubError<PrintCode> {
  try {
    return printJson(value, indent);
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown as HubError<PrintCode>;
    throw thrown;
  }
}

function parse(text: Uint8Array): LuaValue | HubError<ParseCode> {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown as HubError<ParseCode>;
    throw thrown;
  }
}

export const json = implement(jsonDef, () => ({
  engine: () => ({
    encode: (value) => print(value, ''),
    encode_pretty: (value) => print(value, '  '),
    decode: parse,
  }),
  handlers: {},
}));
