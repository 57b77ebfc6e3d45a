// A user's app and a registered desk phone in a call of a back end's, which mutes the one and puts the other on hold with a
// file; keys, a transfer that fails, an invitation that is taken back. JSON on the last line.
import { CallbackApp } from './callback_app.mjs';

const app = await CallbackApp.start();
const kUser = { communicationUserId: process.env.USER_ID };
const kDesk = { phoneNumber: '101' };
const out = {};
const { callConnection: call } = await app.client.createCall({ targetParticipant: kUser }, app.url, { sourceDisplayName: 'Back end' });
const media = call.getCallMedia();
out.connected = await app.next('CallConnected');
await call.addParticipant({ targetParticipant: kDesk });
out.added = await app.next('AddParticipantSucceeded');
await call.muteParticipant(kUser);
out.muted = (await call.getParticipant(kUser)).isMuted;
await call.removeParticipant(kUser);
await app.next('RemoveParticipantSucceeded');

await media.startContinuousDtmfRecognition(kDesk, { operationContext: 'keys' });
await media.hold(kDesk, { playSource: { kind: 'fileSource', url: `${app.url}/tone.wav` } });
out.held = (await call.getParticipant(kDesk)).isOnHold;
// Who holds the phone presses a key once the file was heard, and another once the phone 102 rings.
out.first = await app.next('ContinuousDtmfRecognitionToneReceived', 30_000);
await media.unhold(kDesk);
out.unheld = (await call.getParticipant(kDesk)).isOnHold;

await call.transferCallToParticipant({ phoneNumber: '202' }, { operationContext: 'transfer' });
out.transfer = await app.next('CallTransferFailed');
const { invitationId } = await call.addParticipant({ targetParticipant: { phoneNumber: '102' } }, { operationContext: 'ringing' });
out.invitation = invitationId;
out.second = await app.next('ContinuousDtmfRecognitionToneReceived', 30_000);
await call.cancelAddParticipantOperation(invitationId, { operationContext: 'cancel' });
out.cancelled = await app.next('CancelAddParticipantSucceeded');
out.participants = (await call.listParticipants()).values;
await call.hangUp(true);
await app.next('CallDisconnected');
app.close();
console.log(JSON.stringify(out));
