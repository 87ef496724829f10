import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../base/errors.js';
import { ByteRing } from '../../session-host/byte-ring.js';
import fc from '../support/fast-check.js';

/** All that the ring has from `offset` on. */
function readAll(ring: ByteRing, offset: number, maxBytes: number): number[] {
  const all: number[] = [];
  while (offset + all.length < ring.end) {
    const view = ring.read(offset + all.length, maxBytes);
    expect(view.length).toBeGreaterThan(0);
    expect(view.length).toBeLessThanOrEqual(maxBytes);
    all.push(...view);
  }
  return all;
}

describe('ByteRing', () => {
  it('has exactly the last bytes, at their offsets', () => {
    const sizes = fc.oneof(fc.nat(30), fc.nat(300));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(sizes, { maxLength: 30 }),
        (capacity, pushes) => {
          const ring = new ByteRing(capacity);
          const model: number[] = [];
          for (const size of pushes) {
            const bytes = Uint8Array.from({ length: size }, (_, i) => (model.length + i) % 251);
            ring.push(bytes);
            model.push(...bytes);
            expect(ring.end).toBe(model.length);
            expect(ring.start).toBe(Math.max(0, model.length - capacity));
            expect(readAll(ring, ring.start, 7)).toEqual(model.slice(ring.start));
            const middle = Math.floor((ring.start + ring.end) / 2);
            expect(readAll(ring, middle, 1_000)).toEqual(model.slice(middle));
          }
        },
      ),
    );
  });

  it('goes over the seams of its chunks', () => {
    const ring = new ByteRing(1024 * 1024);
    const piece = Uint8Array.from({ length: 4_099 }, (_, i) => i % 256);
    for (let i = 0; i < 1_000; i++) ring.push(piece);
    expect(ring.end - ring.start).toBe(1024 * 1024);
    for (let offset = ring.start; offset < ring.end; ) {
      const view = ring.read(offset, 100_000);
      expect(view.every((byte, i) => byte === ((offset + i) % 4_099) % 256)).toBe(true);
      offset += view.length;
    }
  });

  it('takes memory only as it is used', () => {
    const before = process.memoryUsage().arrayBuffers;
    const rings = Array.from({ length: 50 }, () => new ByteRing(8 * 1024 * 1024));
    for (const ring of rings) ring.push(new Uint8Array(100));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 128 * 1024);
    expect(rings).toHaveLength(50);
  });

  it('copies what it is given', () => {
    const ring = new ByteRing(10);
    const bytes = Uint8Array.of(1, 2, 3);
    ring.push(bytes);
    bytes.fill(9);
    expect([...ring.read(0, 10)]).toEqual([1, 2, 3]);
  });

  it('has nothing at its end, and refuses offsets that it does not have', () => {
    const ring = new ByteRing(4);
    ring.push(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(ring.read(6, 10)).toHaveLength(0);
    for (const offset of [1, 7, -1, Number.NaN]) expect(() => ring.read(offset, 1)).toThrow(ArgumentError);
    expect(() => new ByteRing(0)).toThrow(ArgumentError);
  });
});
