// A call to the echo user with a media stream: what the app says into it comes back. JSON on the last line.
import http from 'node:http';
import { CallAutomationClient, StreamingData, createOutboundAudioData, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { listen } from './web_socket_server.mjs';

const kHertz = 600, kRate = 16_000, kFrame = 320;
const client = new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING);

const events = [];
const server = http.createServer(async (request, response) => {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  response.writeHead(200).end();
  events.push(parseCallAutomationEvent(text));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const until = async (what, look, ms = 15_000) => {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (look()) return look();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within ${ms} ms; ${events.map((event) => event.kind)}`);
};
const event = (kind) => until(kind, () => events.find((one) => one.kind === kind));

let metadata, frames = 0;
let heard = [];
const socket = await listen((text) => {
  const data = StreamingData.parse(text);
  if (JSON.parse(text).kind === 'AudioMetadata') metadata = JSON.parse(text).audioMetadata;
  if (!data.data) return;
  frames += 1;
  const pcm = Buffer.from(data.data, 'base64');
  for (let i = 0; i + 1 < pcm.length; i += 2) heard.push(pcm.readInt16LE(i));
});

const { callConnection, callConnectionProperties } = await client.createCall(
  { targetParticipant: { communicationUserId: '8:echo123' } }, `http://127.0.0.1:${server.address().port}/`, {
    mediaStreamingOptions: {
      transportUrl: socket.url, transportType: 'websocket', contentType: 'audio', audioChannelType: 'mixed',
      startMediaStreaming: true, enableBidirectional: true, audioFormat: 'pcm16KMono',
    },
  });
const out = { state: callConnectionProperties.callConnectionState };
out.started = await event('MediaStreamingStarted');
out.headers = { connection: socket.peer.headers['x-ms-call-connection-id'], authorization: socket.peer.headers.authorization.slice(0, 10) };
await until('frames', () => frames > 150);  // The echo user's greeting is over.

let position = 0;
const talk = setInterval(() => {
  const pcm = Buffer.alloc(2 * kFrame);
  for (let i = 0; i < kFrame; i += 1) pcm.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * kHertz * (position + i)) / kRate)), 2 * i);
  position += kFrame;
  socket.peer.send(createOutboundAudioData(pcm.toString('base64')));
}, 20);
await new Promise((resolve) => setTimeout(resolve, 2_000));
heard = [];
await until('a second of sound', () => heard.length >= kRate);
let re = 0, im = 0;
heard.slice(0, kRate).forEach((sample, i) => {
  re += sample * Math.cos((2 * Math.PI * kHertz * i) / kRate);
  im += sample * Math.sin((2 * Math.PI * kHertz * i) / kRate);
});
out.peak = (2 * Math.hypot(re, im)) / kRate;
clearInterval(talk);
out.metadata = metadata;
await callConnection.getCallMedia().stopMediaStreaming();
out.stopped = await event('MediaStreamingStopped');
await callConnection.hangUp(true);
out.ended = await event('CallDisconnected');
socket.close();
server.close();
server.closeAllConnections();
console.log(JSON.stringify(out));
process.exit(0);
