// The IVR of ivr.mjs as a program (Node 20 or newer, `npm install` in this folder first).
//
//   COMMUNICATION_CONNECTION_STRING="endpoint=https://gateway.example.com:8443/;accesskey=..." \
//   PUBLIC_URL=https://ivr.example.com PORT=3001 SECRET=... node server.mjs
//
// The gateway's apps.toml:   [[app]] name = "ivr", webhook = "https://ivr.example.com/incoming?key=SECRET"
// and its routes.toml:       targets = ["app:ivr"]
// NODE_EXTRA_CA_CERTS=certificate.pem trusts the gateway's first-start certificate. Without PUBLIC_URL the gateway must run
// on this machine.
import { randomBytes } from 'node:crypto';
import { CallAutomationClient, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { createIvr } from './ivr.mjs';

const { COMMUNICATION_CONNECTION_STRING, PUBLIC_URL, PORT = '3001', SECRET = randomBytes(16).toString('hex') } = process.env;
if (!COMMUNICATION_CONNECTION_STRING) {
  console.error('COMMUNICATION_CONNECTION_STRING is missing');
  process.exit(2);
}
const ivr = createIvr({
  client: new CallAutomationClient(COMMUNICATION_CONNECTION_STRING), parse: parseCallAutomationEvent, secret: SECRET, note: console.log,
});
console.log(`webhook ${await ivr.listen(Number(PORT), PUBLIC_URL)}`);
