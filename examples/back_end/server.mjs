// The back end of back_end.mjs as a program (Node 20 or newer, `npm install` in this folder first).
//
//   COMMUNICATION_CONNECTION_STRING="endpoint=https://gateway.example.com:8443/;accesskey=..." API_KEY=... PORT=3000 node server.mjs
//
// API_KEY is one of the gateway's [acs] api_keys. NODE_EXTRA_CA_CERTS=certificate.pem trusts its first-start certificate.
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { PhoneNumbersClient } from '@azure/communication-phone-numbers';
import { createBackEnd } from './back_end.mjs';

const { COMMUNICATION_CONNECTION_STRING, API_KEY, PORT = '3000' } = process.env;
if (!COMMUNICATION_CONNECTION_STRING || !API_KEY) {
  console.error('COMMUNICATION_CONNECTION_STRING and API_KEY are wanted');
  process.exit(2);
}
const server = createBackEnd({
  identities: new CommunicationIdentityClient(COMMUNICATION_CONNECTION_STRING),
  phoneNumbers: new PhoneNumbersClient(COMMUNICATION_CONNECTION_STRING),
  gateway: /endpoint=([^;]+)/i.exec(COMMUNICATION_CONNECTION_STRING)?.[1], apiKey: API_KEY,
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
