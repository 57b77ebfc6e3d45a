// Sends SIP requests that nobody ever authenticates, at an even rate, from one address; a process of its own:
// node flood.mjs HOST:PORT FROM RATE SECONDS. Its last line is JSON: what was sent, in which time, how much came back.
import dgram from 'node:dgram';

const [target, from, rate, seconds] = process.argv.slice(2);
const [host, port] = target.split(':');
const kEvery = 2;  // ms between looks at the clock: ten datagrams each at 5,000 a second.

const socket = dgram.createSocket('udp4');
let sent = 0, failed = 0, answered = 0;
socket.on('message', () => answered++);
socket.on('error', () => failed++);

const sdp = ['v=0', `o=- 1 1 IN IP4 ${from}`, 's=-', `c=IN IP4 ${from}`, 't=0 0', 'm=audio 4000 RTP/AVP 0 8', 'a=sendrecv', ''].join('\r\n');

function request(n, self) {
  const user = 100 + (n % 900);
  const method = n % 2 ? 'INVITE' : 'REGISTER';
  const body = n % 2 ? sdp : '';
  return [
    `${method} sip:${n % 2 ? `${user}@` : ''}${target} SIP/2.0`, `Via: SIP/2.0/UDP ${self};branch=z9hG4bKflood${n};rport`,
    'Max-Forwards: 70', `From: <sip:${user}@${target}>;tag=f${n}`, `To: <sip:${user}@${target}>`, `Call-ID: flood${n}`,
    `CSeq: 1 ${method}`, `Contact: <sip:${user}@${self}>`, ...(body ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${body.length}`, '', body,
  ].join('\r\n');
}

socket.bind(0, from, () => {
  socket.setSendBufferSize(4 << 20);
  const self = `${from}:${socket.address().port}`;
  const total = Number(rate) * Number(seconds);
  const began = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * Number(rate)));
    for (; sent < due; sent++) socket.send(request(sent, self), Number(port), host, (error) => error && failed++);
    if (sent < total) return;
    clearInterval(timer);
    const took = (performance.now() - began) / 1000;
    setTimeout(() => {
      console.log(JSON.stringify({ sent: sent - failed, seconds: took, rate: (sent - failed) / took, answered }));
      socket.close();
    }, 200);
  }, kEvery);
});
