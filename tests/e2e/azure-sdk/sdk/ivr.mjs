// examples/ivr, with the SDK of this folder.
import { CallAutomationClient, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { createIvr, toneWav } from '../../../../examples/ivr/ivr.mjs';

const ivr = createIvr({
  client: new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING), parse: parseCallAutomationEvent,
  secret: process.env.SECRET, menu: toneWav(Number(process.env.HERTZ), 8), note: (line) => console.log(line),
});
console.log(`webhook ${await ivr.listen(Number(process.env.PORT))}`);
