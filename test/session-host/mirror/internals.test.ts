/** What the mirror takes for granted of the private side of @xterm/headless. An update that moves it fails here. */
import headless from '@xterm/headless';
import { expect, test } from 'vitest';
import * as known from '../../../session-host/mirror/xterm-internals.js';

function core(): known.Core {
  const terminal = new headless.Terminal({ rows: 5, cols: 20, allowProposedApi: true, logLevel: 'off' });
  return (terminal as unknown as { readonly _core: known.Core })._core;
}

test.each([
  ['', known.GROUND],
  ['\x1b(', known.ESCAPE_INTERMEDIATE],
  ['\x1b[', known.CSI_ENTRY],
  ['\x1b[1<', known.CSI_IGNORE],
  ['\x1b_', known.SOS_PM_APC_STRING],
  ['\x1b]', known.OSC_STRING],
  ['\x1bP', known.DCS_ENTRY],
  ['\x1bP1<', known.DCS_IGNORE],
  ['\x1bPq', known.DCS_PASSTHROUGH],
])('the parser has a state for %j', (text, state) => {
  const { _inputHandler } = core();
  void _inputHandler.parse(Buffer.from(text));
  expect(_inputHandler._parser.currentState).toBe(state);
});

test('a string that cannot be anything is aborted', () => {
  const { _inputHandler } = core();
  void _inputHandler.parse(Buffer.from('\x1b]x'));
  expect(_inputHandler._parser._oscParser._state).toBe(known.OSC_ABORT);
});

test('cells are packed as the mirror reads them', () => {
  const { _inputHandler, _bufferService } = core();
  void _inputHandler.parse(Buffer.from('\x1b[1;3;4:3;7;9;53;38;2;1;2;3;48;5;200;58:5:9ma\u0301漢'));
  const line = _bufferService.buffers.active.lines.get(0)!;
  const [content = 0, fg = 0, bg = 0] = line._data.subarray(0, known.CELL_SIZE);
  expect(content >>> known.WIDTH_SHIFT).toBe(1);
  expect(content & known.IS_COMBINED).not.toBe(0);
  expect(line._combined[0]).toBe('a\u0301');
  expect(fg & known.COLOR_MASK).toBe(known.RGB | 0x010203);
  expect(bg & (known.COLOR_MODE_MASK | known.PALETTE_MASK)).toBe(known.PALETTE_256 | 200);
  for (const flag of [known.FG_BOLD, known.FG_INVERSE, known.FG_STRIKETHROUGH]) expect(fg & flag).not.toBe(0);
  for (const flag of [known.BG_ITALIC, known.BG_OVERLINE, known.BG_HAS_EXTENDED])
    expect(bg & flag).not.toBe(0);
  expect(line._extendedAttrs[0]!._ext).toBe((3 << 26) | known.PALETTE_256 | 9);
  const wide = line._data[known.CELL_SIZE] ?? 0;
  expect([wide >>> known.WIDTH_SHIFT, wide & known.CODEPOINT_MASK]).toEqual([2, '漢'.codePointAt(0)]);
  expect((line._data[2 * known.CELL_SIZE] ?? 1) >>> known.WIDTH_SHIFT).toBe(0);
});

test('everything that is replaced or read is there', () => {
  const {
    _inputHandler: handler,
    _charsetService,
    _oscLinkService,
    coreService,
    optionsService,
    _bufferService,
  } = core();
  for (const name of [
    'parse',
    'print',
    'saveCursor',
    'restoreCursor',
    'tabSet',
    'charAttributes',
    'eraseInDisplay',
    'setCursorStyle',
    'fullReset',
    'softReset',
    '_eraseInBufferLine',
    '_resetBufferLine',
    '_eraseAttrData',
    '_restrictCursor',
  ] as const) {
    expect(handler[name], name).toBeTypeOf('function');
  }
  for (const name of ['registerLink', 'addLineToLink', 'getLinkData']) {
    expect((_oscLinkService as Record<string, unknown>)[name], name).toBeTypeOf('function');
  }
  const line = _bufferService.buffers.normal.lines.get(0)!;
  for (const name of [
    'insertCells',
    'copyCellsFrom',
    'addCodepointToCell',
    'cleanupMemory',
    'resize',
  ] as const) {
    expect(line[name], name).toBeTypeOf('function');
  }
  expect(_bufferService.buffers.normal._memoryCleanupQueue.clear).toBeTypeOf('function');
  expect(_charsetService._charsets).toEqual([]);
  expect(coreService.decPrivateModes).toMatchObject({
    origin: false,
    wraparound: true,
    synchronizedOutput: false,
  });
  expect(optionsService.options).toMatchObject({ convertEol: false, cursorBlink: false });
  // The handlers that xterm registered call its methods by name, so that replacing a method is enough.
  let calls = 0;
  handler.saveCursor = () => {
    calls++;
    return true;
  };
  void handler.parse(Buffer.from('\x1b7\x1b[s\x1b[?1048h\x1b[?1049h'));
  expect(calls).toBe(4);
});
