/**
 * What output can do to the emulator at worst: every handler of the parser is wrapped, so that an exception costs one
 * sequence and not the thread, and counts that xterm would loop over are cut to what can matter on the screen
 * (`CSI 2147483647 S` would run for hours).
 */
import type { Core, Handler, Params, StringHandler } from './xterm-internals.js';

/** Handlers by the number under which the parser keeps them: prefix, intermediates and final byte, 8 bits each. */
const ROW_COUNTS = ['L', 'M', 'S', 'T'].map(code);
const COLUMN_COUNTS = ['I', 'Z', 'b'].map(code);
const REP = code('b');
const DECSET = code('?h');
const DECRST = code('?l');

function code(id: string): number {
  let ident = 0;
  for (const char of id) ident = (ident << 8) | char.charCodeAt(0);
  return ident;
}

/** Wraps all handlers that are registered by now. `onError` is called with whatever a handler threw. */
export function contain(core: Core, onError: (thrown: unknown) => void): void {
  const parser = core._inputHandler._parser;
  const guard = (handler: Handler): Handler => {
    return (params) => {
      try {
        return handler(params);
      } catch (thrown) {
        onError(thrown);
        return true;
      }
    };
  };
  limitCounts(core);
  keepInsideMargins(core);
  for (const handlers of [...Object.values(parser._csiHandlers), ...Object.values(parser._escHandlers)]) {
    handlers.forEach((handler, index) => {
      handlers[index] = guard(handler);
    });
  }
  for (const [ident, handler] of Object.entries(parser._executeHandlers)) {
    parser._executeHandlers[Number(ident)] = guard(handler);
  }
  for (const handlers of [
    ...Object.values(parser._oscParser._handlers),
    ...Object.values(parser._dcsParser._handlers),
  ]) {
    for (const handler of handlers) guardString(handler, onError);
  }
  const print = core._inputHandler.print.bind(core._inputHandler);
  core._inputHandler.print = (data, start, end) => {
    try {
      print(data, start, end);
    } catch (thrown) {
      onError(thrown);
    }
  };
  ignoreUnknownStrings(core);
}

function guardString(handler: StringHandler, onError: (thrown: unknown) => void): void {
  for (const name of ['end', 'unhook'] as const) {
    const original = handler[name]?.bind(handler);
    if (original === undefined) continue;
    handler[name] = (success) => {
      try {
        return original(success);
      } catch (thrown) {
        onError(thrown);
        return true;
      }
    };
  }
}

function limitCounts(core: Core): void {
  const parser = core._inputHandler._parser;
  const limit = (ident: number, most: () => number): void => {
    const handlers = parser._csiHandlers[ident] ?? [];
    handlers.push((params) => {
      const count = params.params[0] ?? 0;
      if (count > most()) params.params[0] = most();
      return false;
    });
  };
  for (const ident of ROW_COUNTS) limit(ident, () => core._bufferService.rows);
  for (const ident of COLUMN_COUNTS) limit(ident, () => core._bufferService.cols);
  // Nothing to repeat behind a mark that joined an older character.
  parser._csiHandlers[REP]?.push(() => ((parser.precedingJoinState >> 1) & 3) === 0);
}

/** Screens have margins of their own; in origin mode the cursor that comes from the other one is kept inside. */
function keepInsideMargins(core: Core): void {
  const parser = core._inputHandler._parser;
  for (const ident of [DECSET, DECRST]) {
    const handlers = parser._csiHandlers[ident] ?? [];
    handlers.forEach((handler, index) => {
      handlers[index] = (params: Params) => {
        const done = handler(params);
        if (core.coreService.decPrivateModes.origin) {
          core._inputHandler._restrictCursor(core._bufferService.cols);
        }
        return done;
      };
    });
  }
}

/** xterm makes text of every string sequence, also of those that nobody handles, such as images. */
function ignoreUnknownStrings(core: Core): void {
  const { _oscParser: osc, _dcsParser: dcs } = core._inputHandler._parser;
  const putOsc = osc._put.bind(osc);
  osc._put = (data, start, end) => {
    if (osc._active.length > 0) putOsc(data, start, end);
  };
  const putDcs = dcs.put.bind(dcs);
  dcs.put = (data, start, end) => {
    if (dcs._active.length > 0) putDcs(data, start, end);
  };
}
