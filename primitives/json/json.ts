/** The behaviour of `json`: the printer and the parser, their failures as values. No state. */
import { ArgumentError, HubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { implement } from '../define.js';
import { jsonDef } from './json.def.js';
import { type ParseCode, parseJson } from './parse.js';
import { type PrintCode, printJson } from './print.js';

type EncodeCode = Exclude<PrintCode, 'json.too_deep'>;

function print(value: LuaValue, indent: '' | '  '): string | HubError<EncodeCode> {
  try {
    return printJson(value, indent);
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    // Lua values that nest deeper do not get here: like cycles, they are refused as arguments.
    if (thrown.code === 'json.too_deep') throw new ArgumentError(thrown.message);
    return thrown as HubError<EncodeCode>;
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
