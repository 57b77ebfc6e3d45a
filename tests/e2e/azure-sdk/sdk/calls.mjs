// Every operation of @azure/communication-call-automation that the gateway serves, on calls between the echo user and a
// carrier's number; what the app was told and answered, as JSON on the last line.
import { CallbackApp, refused } from './callback_app.mjs';

const app = await CallbackApp.start();
const { client, url } = app;
const next = (kind, ms) => app.next(kind, ms);
const kEcho = { communicationUserId: '8:echo123' };
const kPhone = { phoneNumber: '+12065550123' };
const kCallerId = { phoneNumber: '+14255550100' };

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
out.operationsAt = app.events.find((event) => event.kind === 'AddParticipantSucceeded').at;
out.authorization = app.authorizations.at(-1);
app.close();
console.log(JSON.stringify(out));
