// Every operation of @azure/communication-call-automation that the gateway serves, on calls between the echo user and a
// carrier's number; what the app was told and answered, as JSON on the last line.
import http from 'node:http';
import { CallAutomationClient, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { toneWav } from '../../../../examples/ivr/ivr.mjs';

const client = new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING);
const kEcho = { communicationUserId: '8:echo123' };
const kPhone = { phoneNumber: '+12065550123' };
const kCallerId = { phoneNumber: '+14255550100' };

const events = [], authorizations = [], waiting = [];
const server = http.createServer(async (request, response) => {
  if (request.url === '/tone.wav') return response.writeHead(200).end(toneWav(800, 1.2));
  if (request.url.startsWith('/none')) return response.writeHead(404).end();
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  response.writeHead(200).end();
  authorizations.push(request.headers.authorization);
  const event = parseCallAutomationEvent(text);
  events.push({ ...event, at: request.url });
  for (const look of [...waiting]) look();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;

let seen = 0;
/** The next event of this kind, after those that were waited for. */
function next(kind, ms = 15_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`no ${kind} came, but ${events.slice(seen).map((event) => event.kind)}`));
    }, ms);
    const look = () => {
      const found = events.findIndex((event, index) => index >= seen && event.kind === kind);
      if (found < 0) return;
      seen = found + 1;
      clearTimeout(timer);
      waiting.splice(waiting.indexOf(look), 1);
      resolve(events[found]);
    };
    waiting.push(look);
    look();
  });
}
const refused = async (operation) => {
  try {
    await operation;
  } catch (error) {
    return { status: error.statusCode, code: error.code, message: error.message };
  }
  return { status: 200 };
};

const out = {};
const made = await client.createCall({ targetParticipant: kEcho }, `${url}/callbacks`, { operationContext: 'first' });
out.created = made.callConnectionProperties;
out.connected = await next('CallConnected');
out.updated = await next('ParticipantsUpdated');
const call = made.callConnection;
const media = call.getCallMedia();
out.properties = await call.getCallConnectionProperties();
out.participants = (await call.listParticipants()).values;
out.participant = await call.getParticipant(kEcho);
out.nobody = await refused(call.getParticipant({ communicationUserId: '8:acs:a_b' }));

out.added = await call.addParticipant(
  { targetParticipant: kPhone, sourceCallIdNumber: kCallerId, customCallingContext: [{ kind: 'sipuui', key: '', value: '00FF;encoding=hex' }] },
  { operationContext: 'add', operationCallbackUrl: `${url}/operations` },
);
out.addSucceeded = await next('AddParticipantSucceeded');
out.three = (await call.listParticipants()).values.length;
out.foreign = await refused(call.addParticipant({ targetParticipant: { phoneNumber: '+12065550199' }, sourceCallIdNumber: { phoneNumber: '+15005550006' } }));

await call.muteParticipant(kPhone, { operationContext: 'mute' });
out.muted = (await call.getParticipant(kPhone)).isMuted;
await media.hold(kPhone);
out.held = (await call.getParticipant(kPhone)).isOnHold;
await media.unhold(kPhone);

await media.playToAll([{ kind: 'fileSource', url: `${url}/tone.wav` }], { operationContext: 'play' });
out.playStarted = await next('PlayStarted');
out.playCompleted = await next('PlayCompleted');
await media.playToAll([{ kind: 'fileSource', url: `${url}/none.wav` }], { operationContext: 'none' });
out.playFailed = await next('PlayFailed');
await media.play([{ kind: 'fileSource', url: `${url}/tone.wav` }], [kPhone], { loop: true });
await next('PlayStarted');
await media.cancelAllOperations();
out.playCanceled = await next('PlayCanceled');

out.sending = await media.sendDtmfTones(['one', 'pound'], kPhone, { operationContext: 'tones' });
out.sent = await next('SendDtmfTonesCompleted');
await media.startContinuousDtmfRecognition(kPhone, { operationContext: 'keys' });
await media.stopContinuousDtmfRecognition(kPhone, { operationContext: 'keys' });
out.keysStopped = await next('ContinuousDtmfRecognitionStopped');
await media.startRecognizing(kPhone, { kind: 'callMediaRecognizeDtmfOptions', maxTonesToCollect: 2, initialSilenceTimeoutInSeconds: 1, operationContext: 'recognize' });
out.silence = await next('RecognizeFailed');

await call.removeParticipant(kPhone, { operationContext: 'remove' });
out.removed = await next('RemoveParticipantSucceeded');
const ringing = await call.addParticipant({ targetParticipant: { phoneNumber: '102' } }, { operationContext: 'absent' });
out.invitation = ringing.invitationId;
out.addFailed = await next('AddParticipantFailed');
out.cancelled = await call.cancelAddParticipantOperation(ringing.invitationId);
out.cancelFailed = await next('CancelAddParticipantFailed');

const second = await client.connectCall({ kind: 'serverCallLocator', id: out.connected.serverCallId }, `${url}/second`);
out.second = await next('CallConnected');
await second.callConnection.hangUp(false);
out.secondLeft = await next('CallDisconnected');
await call.hangUp(true);
out.ended = await next('CallDisconnected');
out.gone = await refused(call.getCallConnectionProperties());

await client.createGroupCall([kEcho, { phoneNumber: '102' }], `${url}/callbacks`, { sourceCallIdNumber: kCallerId });
const group = await next('CallConnected');
await client.getCallConnection(group.callConnectionId).hangUp(true);
await next('CallDisconnected');
await client.createCall({ targetParticipant: { phoneNumber: '102' }, sourceCallIdNumber: kCallerId }, `${url}/callbacks`);
out.createFailed = await next('CreateCallFailed');
out.badContext = await refused(client.answerCall('nothing', `${url}/callbacks`));
out.badCallback = await refused(client.createCall({ targetParticipant: kEcho }, 'http://example.com/'));
out.moved = await refused(call.moveParticipants([kEcho], 'other'));
out.kinds = events.map((event) => event.kind);
out.operationsAt = events.find((event) => event.kind === 'AddParticipantSucceeded').at;
out.authorization = authorizations.at(-1);
server.close();
server.closeAllConnections();
console.log(JSON.stringify(out));
