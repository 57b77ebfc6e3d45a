// One operation on one user: OPERATION = create, revoke or delete; IDENTITY for the latter two.
import { CommunicationIdentityClient } from '@azure/communication-identity';

const client = new CommunicationIdentityClient(process.env.COMMUNICATION_CONNECTION_STRING);
const user = { communicationUserId: process.env.IDENTITY };
const operations = {
  create: () => client.createUserAndToken(['voip']),
  token: () => client.getToken(user, ['voip']),
  revoke: () => client.revokeTokens(user),
  delete: () => client.deleteUser(user),
};
console.log(JSON.stringify((await operations[process.env.OPERATION]()) ?? {}));
