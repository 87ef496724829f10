/** Where other machines of the local network find this one. */
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/** Kept for documentation (RFC 5737): nobody is there, and nothing is sent. */
const FAR_AWAY = '192.0.2.1';
const DISCARD_PORT = 9;

/** The address of the interface that leads out; else of any that is not only for this machine; else undefined. */
export async function lanAddress(): Promise<string | undefined> {
  return (await addressTowards(FAR_AWAY)) ?? anyAddress();
}

/** Connecting a UDP socket asks the system for a route and sends nothing. */
function addressTowards(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const settle = (address: string | undefined): void => {
      socket.close();
      resolve(
        address === undefined || address === '0.0.0.0' || address.startsWith('127.') ? undefined : address,
      );
    };
    socket.once('error', () => settle(undefined));
    socket.connect(DISCARD_PORT, host, () => settle(socket.address().address));
  });
}

function anyAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
