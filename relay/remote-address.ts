/**
 * Whose request it is, for limits: the address that the system sees, or the one that a trusted proxy saw.
 *
 * Somebody with one IPv6 network has all addresses of a /64, so these count as one. Addresses are kept in memory while
 * they matter to a limit, and are never logged.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** With `trustProxy`, the last entry of X-Forwarded-For: the only one that our own proxy wrote. */
export function remoteAddress(request: IncomingMessage, trustProxy: boolean): string {
  const direct = request.socket.remoteAddress ?? '';
  if (!trustProxy) return limitKey(direct);
  const header = request.headers['x-forwarded-for'];
  const forwarded =
    (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').at(-1)?.trim() ?? '';
  return limitKey(forwarded === '' ? direct : forwarded);
}

/** Some proxies name the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const withPort = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]*)\])(?::\d+)?$/;

/** What limits go by: an IPv4 address, the /64 of an IPv6 one. Other text is cut, so that it is bounded. */
export function limitKey(address: string): string {
  const whole = address.slice(0, 64).toLowerCase();
  const [, ipv4, ipv6] = withPort.exec(whole) ?? [];
  const text = ipv4 ?? ipv6 ?? whole;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(text)) return text;
  return `${groupsOf(text.split('%', 1)[0] ?? text)
    .slice(0, 4)
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const groups = (part: string): string[] =>
    part === '' ? [] : part.split(':').map((group) => group.replace(/^0+(?=.)/, ''));
  if (tail === undefined) return groups(head);
  const [first, last] = [groups(head), groups(tail)];
  // A dotted end stands for two groups; only the first four are of interest, so zeros do no harm.
  const zeros = Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array<string>(zeros).fill('0'), ...last];
}
