// A call to the echo user with a media stream: what the app says into it comes back. JSON on the last line.
import { StreamApp } from './stream_app.mjs';

const kHertz = 600;
const app = await StreamApp.start(16_000);
const { callConnection, callConnectionProperties } = await app.client.createCall(
  { targetParticipant: { communicationUserId: '8:echo123' } }, app.callbackUrl,
  { mediaStreamingOptions: app.mediaStreamingOptions({ audioChannelType: 'mixed' }) });
const out = { state: callConnectionProperties.callConnectionState };
out.started = await app.event('MediaStreamingStarted');
const { headers } = app.socket.peer;
out.headers = { connection: headers['x-ms-call-connection-id'], authorization: headers.authorization.slice(0, 10) };

const silence = app.talk(kHertz);  // The echo user's greeting comes first.
out.peak = await app.hears('', kHertz, 4_000);
silence();
out.metadata = app.metadata;
await callConnection.getCallMedia().stopMediaStreaming();
out.stopped = await app.event('MediaStreamingStopped');
app.events.length = 0;
await callConnection.getCallMedia().startMediaStreaming({ operationContext: 'again' });
out.again = await app.event('MediaStreamingStarted');
app.heard.clear();
const again = app.talk(kHertz);
out.secondPeak = await app.hears('', kHertz, 4_000);
again();
await callConnection.hangUp(true);
out.ended = await app.event('CallDisconnected');
app.close();
console.log(JSON.stringify(out));
process.exit(0);
