import { expect, it } from 'vitest';
import { HubError } from '../../base/errors.js';
import { pick } from '../../session-host/session-ids.js';

const a = { uuid: 'aa11', name: 'shell', running: true };
const b = { uuid: 'aa22', name: 'shell', running: false };
const c = { uuid: 'bb33', running: true };
const d = { uuid: 'cc44', name: 'aa22', running: true };
const all = [a, b, c, d];

it('a uuid, a unique beginning of one, or a name', () => {
  expect(pick('bb33', all)).toBe(c);
  expect(pick('b', all)).toBe(c);
  expect(pick('aa1', all)).toBe(a);
  expect(pick('zz', all)).toBeUndefined();
  expect(pick('', all)).toBeUndefined();
});

it('of several with one name the one that runs', () => {
  expect(pick('shell', all)).toBe(a);
});

it('a whole uuid comes before a name', () => {
  expect(pick('aa22', all)).toBe(b);
});

it('several are listed', () => {
  const error = pick('aa', all);
  expect(error).toBeInstanceOf(HubError);
  expect(error).toMatchObject({
    code: 'session.ambiguous',
    details: {
      matches: [
        { uuid: 'aa11', name: 'shell' },
        { uuid: 'aa22', name: 'shell' },
      ],
    },
  });
});
