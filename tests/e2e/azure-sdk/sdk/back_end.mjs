// examples/back_end, with the SDKs of this folder.
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { PhoneNumbersClient } from '@azure/communication-phone-numbers';
import { createBackEnd } from '../../../../examples/back_end/back_end.mjs';

const { COMMUNICATION_CONNECTION_STRING: connection, API_KEY } = process.env;
const server = createBackEnd({
  identities: new CommunicationIdentityClient(connection), phoneNumbers: new PhoneNumbersClient(connection),
  gateway: /endpoint=([^;]+)/i.exec(connection)[1], apiKey: API_KEY,
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
