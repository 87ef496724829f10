import { Terminal } from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { QueryFilter, type SequenceListener } from '../../protocol/query-filter.js';
import fc, { fuzz } from '../support/fast-check.js';

const E = '\u001b';
const ST = `${E}\\`;

/** What passes of text that comes in the given pieces, held beginnings aside. */
function filtered(pieces: readonly (string | Uint8Array)[], listener?: SequenceListener): string {
  const filter = new QueryFilter(listener);
  return pieces
    .map((piece) =>
      Buffer.from(filter.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
    )
    .reduce((all, bytes) => all + bytes.toString('latin1'), '');
}

const queries = [
  ...[
    '[c',
    '[0c',
    '[>c',
    '[>0c',
    '[=c',
    '[5n',
    '[6n',
    '[?6n',
    '[?15n',
    '[?996n',
    '[?2026$p',
    '[4$p',
    '[>q',
    '[>0q',
  ],
  ...[
    '[?u',
    '[?4m',
    '[14t',
    '[16t',
    '[18t',
    '[21t',
    '[14;2t',
    '[x',
    '[1x',
    '[1;1;1;1;1;1*y',
    '[1$w',
    '[2$u',
    '[&u',
  ],
  ...['["v', "[1'|", '[#R', '[1;1;2;2#|', '[?1;1;0S', 'Z'],
  ...[`]4;1;?${ST}`, ']4;1;?;2;?\u0007', `]10;?${ST}`, ']11;?\u0007', ']10;?;?\u0007', ']011;?\u0007'],
  ...[
    `]12;?${ST}`,
    ']21;foreground=?\u0007',
    ']22;?__current__\u0007',
    ']50;?\u0007',
    ']52;c;?\u0007',
    ']60\u0007',
  ],
  ...[`]99;i=1:p=?;${ST}`, ']1337;ReportCellSize\u0007', ']1337;ReportVariable=bmFtZQ==\u0007'],
  ...[`P+q544e${ST}`, `P$qm${ST}`, `P+Q${ST}`, `P0$qm${ST}`, `_Gi=1,a=q,s=1;AAAA${ST}`],
].map((sequence) => E + sequence);
const c1Queries = [
  '\u00c2\u009bc',
  '\u00c2\u009d11;?\u0007',
  '\u00c2\u009d11;?\u00c2\u009c',
  '\u00c2\u009a',
  '\u0005',
];

const harmless = [
  ...[
    '[m',
    '[0;1;38:2::1:2:3m',
    '[>4;1m',
    '[?25l',
    '[?1049h',
    '[2 q',
    '[!p',
    '[1;24r',
    '[u',
    '[=1;1u',
    '[>1u',
    '[<u',
  ],
  ...[
    '[3S',
    '[22;0t',
    '[8;24;80t',
    '[>2n',
    '[1"q',
    '[1;1;2;2$x',
    '[1;1;2;2;1;1$v',
    '[?5W',
    '[?1c',
    '7',
    '8',
    '(0',
    '#8',
    '=',
    'M',
    'c',
  ],
  ...[
    ']0;who am i?\u0007',
    ']2;?\u0007',
    ']4;1;#ffffff\u0007',
    ']11;rgb:00/00/00\u0007',
    `]8;;http://x/?${ST}`,
  ],
  ...[
    `]52;c;aGVsbG8/${ST}`,
    ']7;file://host/?\u0007',
    ']133;A\u0007',
    ']1337;File=inline=1:AAAA\u0007',
    ']\u0007',
  ],
  ...['P0;1q#0;2;0;0;0~~$-', `Ptmux;data`, '_Gi=1,a=T;AAAA', '_other', 'Xsos', '^pm'].map(
    (text) => text + ST,
  ),
].map((sequence) => E + sequence);

describe('questions', () => {
  it.each([...queries, ...c1Queries])('%j goes', (query) => {
    expect(filtered([`before${query}after`])).toBe('beforeafter');
  });

  it.each(harmless)('%j passes', (sequence) => {
    expect(filtered([`before${sequence}after`])).toBe(`before${sequence}after`);
  });

  it('the same bytes come back where there is nothing to do', () => {
    const bytes = Buffer.from(`plain ${E}[31mred${E}[m \u00a9 ${E}]0;title\u0007 text`);
    expect(new QueryFilter().push(bytes).byteOffset).toBe(bytes.byteOffset);
    expect(Buffer.from(new QueryFilter().push(bytes)).equals(bytes)).toBe(true);
  });

  it('controls inside a question act', () => {
    expect(filtered([`a${E}[6\n\u0005nb${E}\r[cc`])).toBe('a\nb\rc');
    expect(filtered([`a${E}[3\u00051mb`])).toBe(`a${E}[31mb`);
  });
});

describe('what is cut', () => {
  const token = fc.oneof(
    fc.constantFrom(...queries, ...c1Queries).map((text) => ({ text, passes: '' })),
    fc.constantFrom(...harmless).map((text) => ({ text, passes: text })),
    fc
      .string({
        unit: fc.constantFrom(
          'a',
          'n',
          '[',
          '6',
          ';',
          '?',
          '\\',
          '\n',
          '\u00c3\u00a9',
          '\u00c2\u00a9',
          '\u0007',
        ),
      })
      .map((text) => ({ text, passes: text })),
  );

  it('passes the rest byte for byte, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(token), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (tokens, sizes) => {
        const text = tokens.map((each) => each.text).join('');
        expect(filtered(cut(text, sizes))).toBe(tokens.map((each) => each.passes).join(''));
      }),
    );
  });

  const byte = fc.constantFrom(
    ...`${E}${E}${E}[[]]PZ_X\\?>$+=;0156ncqRtumpxS\n\u0005\u0007\u0018\u001a\u00c2\u009b\u009c\u009d\u00e2 a`,
  );
  const noise = fc.string({ unit: byte, maxLength: 60 });

  it('any bytes: the same however they are cut, and nothing to do a second time', () => {
    fc.assert(
      fc.property(noise, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (noisy, sizes) => {
        // CAN decides whatever is held.
        const text = `${noisy}\u0018`;
        const whole = filtered([text]);
        expect(filtered(cut(text, sizes))).toBe(whole);
        expect(filtered([whole])).toBe(whole);
      }),
      fuzz(2_000),
    );
  });

  it('a terminal that gets the rest does not answer', async () => {
    const terminal = new Terminal({ allowProposedApi: true });
    const answers: string[] = [];
    terminal.onData((data) => void answers.push(data));
    await fc.assert(
      fc.asyncProperty(noise, async (text) => {
        const bytes = Buffer.from(filtered([text]), 'latin1');
        await new Promise<void>((resolve) => terminal.write(bytes, resolve));
        await new Promise<void>((resolve) => terminal.write(`${ST}\u0018`, resolve));
        expect(answers.splice(0), Buffer.from(text, 'latin1').toString('hex')).toEqual([]);
      }),
      fuzz(1_000),
    );
    terminal.dispose();
  });

  it('bytes that are no UTF-8, which some terminals skip, hide no question', () => {
    for (const stray of ['\u009d', '\u00c2', '\u00e2\u0082', '\u00ff']) {
      expect(filtered([`${E}${stray}[c`])).toBe(`${E}\u0018${stray}[c`);
      expect(filtered([`${E}[`, `${stray}6n`])).toBe(`${E}[\u0018${stray}6n`);
      expect(filtered([`${E}]1${stray}1;?\u0007`])).toBe('');
      expect(filtered([`${E}P$${stray}qm${ST}`])).toBe('');
    }
  });

  it('nothing joins over a gap', () => {
    expect(filtered([`${E}[6${E}[cn`])).toBe(`${E}[6\u0018n`);
    expect(filtered([`${E}]0;title${E}[cn`])).toBe(`${E}]0;title${ST}n`);
    expect(filtered(['\u00c2', `${E}[c`, '\u009bc'])).toBe('\u00c2\u0018\u009bc');
  });
});

describe('limits', () => {
  it('a big clipboard or image is not held back', () => {
    const big = 'A'.repeat(100_000);
    for (const begin of [`${E}]52;c;`, `${E}]1337;File=:`, `${E}Pq`, `${E}_Ga=T;`]) {
      const filter = new QueryFilter();
      expect(filter.push(Buffer.from(begin + big)).length).toBe(begin.length + big.length);
      expect(filter.push(Buffer.from(`${big}${ST}after`)).length).toBe(big.length + 7);
    }
  });

  it('what never ends is not kept', () => {
    for (const begin of [`${E}[`, `${E}]11;`, `${E}]4;1;`]) {
      const filter = new QueryFilter();
      for (let i = 0; i < 100; i++) filter.push(Buffer.from(begin.padEnd(1_000, '0')));
      expect(Buffer.from(filter.push(Buffer.from(`\u0018${E}[cnow`))).toString()).toMatch(/now$/);
    }
  });

  it('a question before a reset is forgotten', () => {
    const filter = new QueryFilter();
    filter.push(Buffer.from(`${E}]11;`));
    filter.reset();
    expect(Buffer.from(filter.push(Buffer.from('?text'))).toString()).toBe('?text');
  });
});

it('tells of modes and colours', () => {
  const modes: [number, boolean][] = [];
  let colors = 0;
  filtered(
    [`${E}[?1049h${E}[?25;2004l${E}[4h`, `${E}]11;?\u0007${E}]11;`, `#fff\u0007${E}]4;1;#aaaaaa${ST}`],
    {
      onPrivateMode: (mode, on) => void modes.push([mode, on]),
      onColors: () => void colors++,
    },
  );
  expect(modes).toEqual([
    [1049, true],
    [25, false],
    [2004, false],
  ]);
  expect(colors).toBe(2);
});

function cut(text: string, sizes: Iterable<number>): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= text.length) break;
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}
