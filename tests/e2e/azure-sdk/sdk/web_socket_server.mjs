// As much of a WebSocket server (RFC 6455) as an app's media stream needs: text messages of one peer.
import { createHash } from 'node:crypto';
import http from 'node:http';

function frame(text) {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

/** Takes whole frames off the front of `bytes`: {opcode, text}; what is left is returned. */
function take(bytes, onFrame) {
  for (;;) {
    if (bytes.length < 2) return bytes;
    let size = bytes[1] & 0x7f, at = 2;
    if (size === 126) {
      if (bytes.length < 4) return bytes;
      size = bytes.readUInt16BE(2);
      at = 4;
    }
    const masked = (bytes[1] & 0x80) !== 0;
    const mask = masked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
    if (masked) at += 4;
    if (bytes.length < at + size) return bytes;
    const payload = Buffer.from(bytes.subarray(at, at + size));
    for (let i = 0; i < payload.length; i += 1) payload[i] ^= mask[i % 4];
    onFrame(bytes[0] & 0x0f, payload.toString());
    bytes = bytes.subarray(at + size);
  }
}

/** Listens; `onMessage(text)` hears the peer, `send(text)` answers it, `headers` are its upgrade's. */
export async function listen(onMessage) {
  const server = http.createServer((request, response) => response.writeHead(426).end());
  const peer = { headers: undefined, send: () => {} };
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    peer.headers = request.headers;
    peer.send = (text) => socket.write(frame(text));
    let rest = Buffer.alloc(0);
    socket.on('data', (part) => {
      rest = take(Buffer.concat([rest, part]), (opcode, text) => {
        if (opcode === 1) onMessage(text);
        if (opcode === 8) socket.end();
      });
    });
    socket.on('error', () => {});
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${server.address().port}/stream`, peer,
    close: () => { server.close(); server.closeAllConnections(); },
  };
}
