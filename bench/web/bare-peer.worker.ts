/** A peer of werift and nothing else, on a thread of its own: sends back what comes. The reference for echo. */
import { parentPort } from 'node:worker_threads';
import { RTCPeerConnection } from 'werift';

const connection = new RTCPeerConnection({});
connection.onDataChannel.subscribe((channel) => {
  channel.onMessage.subscribe((data) => channel.send(data));
});
async function answer(sdp: string): Promise<void> {
  await connection.setRemoteDescription({ type: 'offer', sdp });
  await connection.setLocalDescription(await connection.createAnswer());
  parentPort?.postMessage(connection.localDescription?.sdp);
}

parentPort?.on('message', (sdp: string) => void answer(sdp));
