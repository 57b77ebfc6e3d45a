// Every operation of @azure/communication-identity that the gateway serves, as an app's back end calls them.
import { AzureCommunicationTokenCredential } from '@azure/communication-common';
import { CommunicationIdentityClient } from '@azure/communication-identity';

const client = new CommunicationIdentityClient(process.env.COMMUNICATION_CONNECTION_STRING);
const refused = async (operation) => {
  try {
    await operation;
  } catch (error) {
    return { status: error.statusCode, code: error.code, message: error.message };
  }
  return { status: 200 };
};

const out = {};
const user = await client.createUser();
out.user = user.communicationUserId;
out.created = await client.createUserAndToken(['chat', 'voip']);
out.short = await client.createUserAndToken(['voip'], { tokenExpiresInMinutes: 60 });
out.token = await client.getToken(user, ['chat', 'voip']);
out.joining = await client.getToken(user, ['voip.join', 'chat.join', 'chat.join.limited'], { tokenExpiresInMinutes: 1440 });
// The SDKs read a token's expiry themselves.
const credential = new AzureCommunicationTokenCredential(out.token.token);
out.readBySdk = (await credential.getToken()).expiresOnTimestamp;

out.tooShort = await refused(client.getToken(user, ['voip'], { tokenExpiresInMinutes: 59 }));
out.tooLong = await refused(client.createUserAndToken(['voip'], { tokenExpiresInMinutes: 1441 }));
out.noScope = await refused(client.getToken(user, []));
out.strangeScope = await refused(client.getToken(user, ['admin']));
out.teams = await refused(client.getTokenForTeamsUser({ teamsUserAadToken: 't', clientId: 'c', userObjectId: 'u' }));
out.stranger = await refused(client.getToken({ communicationUserId: out.user.slice(0, -12) + '000000000000' }, ['voip']));

await client.revokeTokens(user);
out.afterRevocation = await client.getToken(user, ['voip']);
await client.deleteUser(user);
out.afterDeletion = await refused(client.getToken(user, ['voip']));
out.deletedTwice = await refused(client.deleteUser(user));

// Azure's host may be written with a slash at its end or without.
const bare = new CommunicationIdentityClient(process.env.COMMUNICATION_CONNECTION_STRING.replace('/;', ';'));
out.bare = (await bare.createUser()).communicationUserId;
const wrong = new CommunicationIdentityClient(
  process.env.COMMUNICATION_CONNECTION_STRING.replace(/accesskey=.*/, `accesskey=${Buffer.alloc(64, 7).toString('base64')}`));
out.wrongKey = await refused(wrong.createUser());
console.log(JSON.stringify(out));
