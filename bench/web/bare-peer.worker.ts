/** A peer of werift and nothing else, on a thread of its own: sends back what comes. The reference for echo. */
import { parentPort } from 'node:worker_threads';
import { RTCPeerConnection } from 'werift';

const connection = new RTCPeerConnection({});
connection.onDataChannel.subscribe((channel) => {
  channel.onMessage.subscribe((data) => channel.send(data));
});
parentPort?.on('message', async (sdp: string) => {
  await connection.setRemoteDescription({ type: 'offer', sdp });
  await connection.setLocalDescription(await connection.createAnswer());
  parentPort?.postMessage(connection.localDescription?.sdp);
});
