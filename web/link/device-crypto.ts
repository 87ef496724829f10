/**
 * What this browser does with keys: the part of the app that brings libsodium along. Loaded by `import()` when a hub is
 * looked for, so that it is a chunk of its own.
 */
import { isHubError } from '../../base/errors.js';
import { addressOf } from '../../pairing/addresses.js';
import { type ConnectionCode, parseConnectionCode } from '../../pairing/connection-code.js';
import { type ConnectOptions, DeviceHandshake, type PairOptions } from '../../pairing/device-handshake.js';
import { type KeyPair, loadSodium } from '../../pairing/sodium.js';

export interface DeviceCrypto {
  makeKeys(): KeyPair;
  /** Errors (thrown): pairing.bad_code. */
  readCode(text: string): ConnectionCode;
  /** Of a hub by its public key. */
  addressOf(publicKey: Uint8Array): string;
  pair(options: PairOptions): DeviceHandshake;
  connect(options: ConnectOptions): DeviceHandshake;
}

export async function loadDeviceCrypto(): Promise<DeviceCrypto> {
  const sodium = await loadSodium();
  return {
    makeKeys: () => sodium.keyPair(),
    readCode: (text) => {
      const code = parseConnectionCode(text);
      if (isHubError(code)) throw code;
      return code;
    },
    addressOf: (publicKey) => addressOf(sodium, publicKey),
    pair: (options) => DeviceHandshake.pair(sodium, options),
    connect: (options) => DeviceHandshake.connect(sodium, options),
  };
}
