import { expect, it } from 'vitest';
import { limitKey } from '../../relay/remote-address.js';
import fc from '../support/fast-check.js';

it('an IPv4 address counts for itself, however it is written', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(limitKey(address)).toBe(address);
      expect(limitKey(`::ffff:${address}`)).toBe(address);
      expect(limitKey(`${address}:4711`)).toBe(address);
    }),
  );
});

it('all IPv6 addresses of a /64 count as one, and of another /64 as another', () => {
  const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16));
  const four = fc.tuple(group, group, group, group);
  fc.assert(
    fc.property(four, four, four, (network, host, other) => {
      const key = limitKey([...network, ...host].join(':'));
      expect(limitKey([...network, ...other].join(':'))).toBe(key);
      expect(limitKey(`${network.join(':')}::`)).toBe(key);
      expect(limitKey(`[${network.join(':')}::1]:4711`)).toBe(key);
      expect(limitKey(`${network.join(':').toUpperCase()}::1`)).toBe(key);
      if (other.join() !== network.join()) expect(limitKey([...other, ...host].join(':'))).not.toBe(key);
    }),
  );
  expect(limitKey('::1')).toBe('0:0:0:0::/64');
  expect(limitKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
});

it('any text has a short name', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.ipV6()), (text) => {
      expect(limitKey(text).length).toBeLessThanOrEqual(64);
    }),
  );
});
