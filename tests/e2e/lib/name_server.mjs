// A small DNS server: what carriers' names are in these tests. UDP and TCP on one port; what does not fit into 512 bytes is
// cut over UDP (RFC 1035 4.2.1) and said in full over TCP.
import dgram from 'node:dgram';
import net from 'node:net';
import { freePorts } from './ports.mjs';

const kTypes = { A: 1, AAAA: 28, SRV: 33, NAPTR: 35 };

const u16 = (...values) => {
  const out = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => out.writeUInt16BE(value, 2 * i));
  return out;
};
const text = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const nameOf = (name) => Buffer.concat([...name.split('.').filter(Boolean).map(text), Buffer.from([0])]);

export class NameServer {
  static async start() {
    const server = new NameServer();
    server.port = await freePorts();
    server.records = new Map();  // "A name" -> [Buffer]
    server.questions = [];       // "SRV _sip._udp.acme.test over udp"
    server.silent = false;
    server.udp = dgram.createSocket('udp4');
    server.udp.on('message', (query, from) => {
      const reply = server.#reply(query, 'udp');
      if (reply) server.udp.send(reply, from.port, from.address);
    });
    await new Promise((resolve) => server.udp.bind(server.port, '127.0.0.1', resolve));
    server.tcp = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        const reply = data.length > 14 && server.#reply(data.subarray(2), 'tcp');
        if (reply) socket.write(Buffer.concat([u16(reply.length), reply]));
      });
    });
    await new Promise((resolve) => server.tcp.listen(server.port, '127.0.0.1', resolve));
    return server;
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  #add(type, name, data) {
    const key = `${type} ${name}`;
    this.records.set(key, [...(this.records.get(key) ?? []), data]);
  }

  a(name, address) {
    this.#add('A', name, Buffer.from(address.split('.').map(Number)));
  }

  srv(name, priority, weight, port, target) {
    this.#add('SRV', name, Buffer.concat([u16(priority, weight, port), nameOf(target)]));
  }

  naptr(name, order, preference, service, replacement) {
    this.#add('NAPTR', name, Buffer.concat([u16(order, preference), text('s'), text(service), text(''), nameOf(replacement)]));
  }

  #reply(query, transport) {
    const labels = [];
    let at = 12;
    while (query[at]) {
      labels.push(query.subarray(at + 1, at + 1 + query[at]).toString());
      at += 1 + query[at];
    }
    const name = labels.join('.').toLowerCase();
    const type = Object.keys(kTypes).find((key) => kTypes[key] === query.readUInt16BE(at + 1)) ?? 'other';
    this.questions.push(`${type} ${name} over ${transport}`);
    if (this.silent) return undefined;
    const question = query.subarray(12, at + 5);
    const found = this.records.get(`${type} ${name}`) ?? [];
    const known = [...this.records.keys()].some((key) => key.endsWith(` ${name}`));
    let answers = Buffer.concat(found.map((data) =>
      Buffer.concat([Buffer.from([0xc0, 0x0c]), u16(kTypes[type], 1, 0, 1, data.length), data])));  // TTL 1 s.
    const cut = transport === 'udp' && answers.length > 450;
    if (cut) answers = Buffer.alloc(0);
    const flags = 0x8580 | (cut ? 0x200 : 0) | (known ? 0 : 3);
    return Buffer.concat([query.subarray(0, 2), u16(flags, 1, cut ? 0 : found.length, 0, 0), question, answers]);
  }

  async close() {
    await new Promise((resolve) => this.udp.close(resolve));
    await new Promise((resolve) => this.tcp.close(resolve));
  }
}
