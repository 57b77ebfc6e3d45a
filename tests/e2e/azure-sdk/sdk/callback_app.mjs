// An app's callbacks: the events that came, in order, and a file to play.
import http from 'node:http';
import { CallAutomationClient, parseCallAutomationEvent } from '@azure/communication-call-automation';
import { toneWav } from '../../../../examples/ivr/ivr.mjs';

export class CallbackApp {
  static async start() {
    const app = new CallbackApp();
    Object.assign(app, { events: [], seen: 0, waiting: [], authorizations: [] });
    app.client = new CallAutomationClient(process.env.COMMUNICATION_CONNECTION_STRING);
    app.server = http.createServer(async (request, response) => {
      if (request.url === '/tone.wav') return response.writeHead(200).end(toneWav(800, 1.2));
      if (request.url.startsWith('/none')) return response.writeHead(404).end();
      let text = '';
      for await (const part of request.setEncoding('utf8')) text += part;
      response.writeHead(200).end();
      app.authorizations.push(request.headers.authorization);
      app.events.push({ ...parseCallAutomationEvent(text), at: request.url });
      for (const look of [...app.waiting]) look();
    });
    await new Promise((resolve) => app.server.listen(0, '127.0.0.1', resolve));
    app.url = `http://127.0.0.1:${app.server.address().port}`;
    return app;
  }

  /** The next event of this kind, after those that were waited for. */
  next(kind, ms = 15_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no ${kind} came, but ${this.events.slice(this.seen).map((event) => event.kind)}`));
      }, ms);
      const look = () => {
        const found = this.events.findIndex((event, index) => index >= this.seen && event.kind === kind);
        if (found < 0) return;
        this.seen = found + 1;
        clearTimeout(timer);
        this.waiting.splice(this.waiting.indexOf(look), 1);
        resolve(this.events[found]);
      };
      this.waiting.push(look);
      look();
    });
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** What the service said to an operation that may be refused. */
export async function refused(operation) {
  try {
    await operation;
  } catch (error) {
    return { status: error.statusCode, code: error.code, message: error.message };
  }
  return { status: 200 };
}
