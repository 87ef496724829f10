/** What an offer must look like before a parser of the WebRTC stack sees it. */
import { fail, type HubError } from '../../base/errors.js';

/** Undefined if it may be looked at closer. */
export function checkOffer(
  sdp: string,
  maxBytes: number,
): HubError<'webrtc.sdp_too_large' | 'webrtc.bad_sdp'> | undefined {
  if (sdp.length > maxBytes || Buffer.byteLength(sdp) > maxBytes)
    return fail('webrtc.sdp_too_large', `An offer may have ${maxBytes} bytes.`);
  const media = sdp.match(/^m=\S*/gm) ?? [];
  if (media.length !== 1 || media[0] !== 'm=application')
    return fail('webrtc.bad_sdp', 'An offer is for data channels, and nothing else.');
  // It is what binds the connection to the device that signed the offer.
  if (!/^a=fingerprint:sha-(?:256|384|512) /im.test(sdp))
    return fail('webrtc.bad_sdp', 'The offer names no certificate by SHA-256 or better.');
  return undefined;
}
