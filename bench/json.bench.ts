/** The primitive `json`, which holds the loop while it works: 1 MB of text. */
import { parseJson } from '../primitives/json/parse.js';
import { printJson } from '../primitives/json/print.js';
import { type Bench, elapsedMs, figure, median } from './measure.js';

const ROUNDS = 7;
const rows = Array.from({ length: 8_000 }, (_, id) => ({
  id,
  name: `user ${id}`,
  ratio: id / 7,
  tags: ['a', null],
}));

export const json: Bench = {
  name: 'json',
  async run() {
    const text = printJson(rows);
    const bytes = Buffer.from(text);
    const ms = (work: () => void): Promise<number> => median(ROUNDS, () => elapsedMs(work));
    return [
      figure(
        '1 MB printed',
        await ms(() => printJson(rows)),
        'ms',
        { atMost: 50 },
        {
          name: 'JSON.stringify',
          value: await ms(() => JSON.stringify(rows)),
        },
      ),
      figure(
        '1 MB parsed',
        await ms(() => parseJson(bytes)),
        'ms',
        { atMost: 50 },
        {
          name: 'JSON.parse',
          value: await ms(() => void JSON.parse(text)),
        },
      ),
    ];
  },
};
