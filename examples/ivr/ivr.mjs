// A small IVR: answers a call, plays a menu, takes two digits, transfers the caller to who has that extension.
//
// `client` is a CallAutomationClient of @azure/communication-call-automation and `parse` its parseCallAutomationEvent;
// `publicUrl` is where the gateway reaches this server. Nothing is kept but what a call needs while it lasts.
import http from 'node:http';

const kDigits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const kMaxBody = 256 * 1024;

async function bodyOf(request) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part;
    if (text.length > kMaxBody) throw new Error('the body is too large');
  }
  return text;
}

/** One second of a tone as a WAV file of 16 kHz: put a recording of yours in its place. */
export function toneWav(hertz = 440, seconds = 1, rate = 16_000) {
  const samples = Math.round(rate * seconds);
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(2 * rate, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i += 1) {
    wav.writeInt16LE(Math.round(0.25 * 32767 * Math.sin((2 * Math.PI * hertz * i) / rate)), 44 + 2 * i);
  }
  return wav;
}

/** The server; it is told where it listens by `listen`. `note` hears what happens, a line each. */
export function createIvr({ client, parse, menu = toneWav(), secret, note = () => {} }) {
  let publicUrl;
  const callers = new Map();  // correlationId -> who called.

  async function onIncoming(event) {
    note(`call from ${event.data.from.rawId} to ${event.data.to.rawId}`);
    // Before it is answered: events may be here before the answer's answer.
    callers.set(event.data.correlationId, identifierOf(event.data.from));
    await client.answerCall(event.data.incomingCallContext, `${publicUrl}/events?key=${secret}`, { operationContext: 'ivr' });
  }

  async function onEvent(event) {
    const call = client.getCallConnection(event.callConnectionId);
    const code = event.resultInformation ? ` ${event.resultInformation.code}/${event.resultInformation.subCode}` : '';
    note(`${event.kind}${code}`);
    switch (event.kind) {
      case 'CallConnected':
        return call.getCallMedia().startRecognizing(callers.get(event.correlationId), {
          kind: 'callMediaRecognizeDtmfOptions', maxTonesToCollect: 2, interToneTimeoutInSeconds: 5, initialSilenceTimeoutInSeconds: 10,
          interruptPrompt: true, playPrompt: { kind: 'fileSource', url: `${publicUrl}/menu.wav` }, operationContext: 'menu',
        });
      case 'RecognizeCompleted': {
        const extension = event.dtmfResult.tones.map((tone) => kDigits.indexOf(tone)).join('');
        note(`extension 1${extension}`);
        return call.transferCallToParticipant({ phoneNumber: `1${extension}` }, { operationContext: 'transfer' });
      }
      case 'RecognizeFailed':
      case 'CallTransferFailed':
        return call.hangUp(true);
      case 'CallDisconnected':
      case 'AnswerFailed':
        callers.delete(event.correlationId);
        return undefined;
      default:
        return undefined;
    }
  }

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://ivr');
    try {
      if (request.method === 'GET' && url.pathname === '/menu.wav') {
        response.writeHead(200, { 'content-type': 'audio/wav' }).end(menu);
        return;
      }
      const known = url.searchParams.get('key') === secret;
      if (request.method !== 'POST' || !known) {
        response.writeHead(known ? 404 : 401).end();
        return;
      }
      const text = await bodyOf(request);
      if (url.pathname === '/incoming') {
        const [event] = JSON.parse(text);
        if (event.eventType === 'Microsoft.EventGrid.SubscriptionValidationEvent') {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ validationResponse: event.data.validationCode }));
          return;
        }
        response.writeHead(200).end();
        await onIncoming(event);
      } else {
        response.writeHead(200).end();
        await onEvent(parse(text));
      }
    } catch (error) {
      note(`failed: ${error.message}`);
      if (!response.headersSent) response.writeHead(500).end();
    }
  });

  return {
    /** Listens, and is reached as `reachedAs` (default: where it listens). Returns the URL of its webhook. */
    async listen(port, reachedAs) {
      await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
      publicUrl = reachedAs ?? `http://127.0.0.1:${server.address().port}`;
      return `${publicUrl}/incoming?key=${secret}`;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function identifierOf(party) {
  if (party.phoneNumber) return { phoneNumber: party.phoneNumber.value };
  if (party.communicationUser) return { communicationUserId: party.communicationUser.id };
  return { id: party.rawId };
}
