// An app that takes no call: rejects it or passes it on, as DECISIONS ({number: "busy" | "forbidden" | "none" | another number}) says.
import http from 'node:http';
import { CallAutomationClient } from '@azure/communication-call-automation';

const client = new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING);
const decisions = JSON.parse(process.env.DECISIONS);

async function decide({ incomingCallContext: context, to }) {
  const what = decisions[to.phoneNumber.value];
  await (/^[a-z]/.test(what) ? client.rejectCall(context, { callRejectReason: what }) : client.redirectCall(context, { targetParticipant: { phoneNumber: what } }));
  console.log(`${to.phoneNumber.value} ${what}`);
}

const server = http.createServer(async (request, response) => {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  const [event] = JSON.parse(text);
  if (event.eventType === 'Microsoft.EventGrid.SubscriptionValidationEvent') {
    return response.end(JSON.stringify({ validationResponse: event.data.validationCode }));
  }
  response.end();
  return decide(event.data).catch((error) => console.log(`failed: ${error.message}`));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
