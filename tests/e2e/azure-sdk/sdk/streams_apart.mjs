// A carrier's number and the echo user in a call with an unmixed stream of 24 kHz: each of them is heard by itself, and so
// are the keys of the one who presses them. JSON on the last line.
import { StreamApp, peakAt, until } from './stream_app.mjs';

const kPhone = '4:+12065550123', kEcho = '8:echo123';
const kPhoneHertz = 700, kHertz = 600, kRate = 24_000;
const app = await StreamApp.start(kRate);
const { callConnection } = await app.client.createCall(
  { targetParticipant: { phoneNumber: '+12065550123' }, sourceCallIdNumber: { phoneNumber: '+14255550100' } }, app.callbackUrl,
  { mediaStreamingOptions: app.mediaStreamingOptions({ audioChannelType: 'unmixed', enableDtmfTones: true }) });
await app.event('MediaStreamingStarted');
await callConnection.addParticipant({ targetParticipant: { communicationUserId: kEcho } });
await app.event('AddParticipantSucceeded');
const silence = app.talk(kHertz);
const out = { metadata: undefined };
// The echo user says what it hears of both; the phone says its own alone.
out.echo = { said: await app.hears(kEcho, kHertz, 2_000), phone: await app.hears(kEcho, kPhoneHertz, 2_000) };
out.phone = { own: await app.hears(kPhone, kPhoneHertz, 4_000) };
out.phone.said = peakAt(app.heard.get(kPhone).slice(-kRate), kHertz, kRate);
out.participants = [...app.heard.keys()].sort();
out.metadata = app.metadata;
silence();

await callConnection.getCallMedia().sendDtmfTones(['one'], { phoneNumber: '+12065550123' });  // The phone answers it with 5 and #.
await until('the keys of the phone', () => app.keys.length === 2);
out.keys = app.keys;
await callConnection.hangUp(true);
await app.event('CallDisconnected');
app.close();
console.log(JSON.stringify(out));
process.exit(0);
