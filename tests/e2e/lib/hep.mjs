import dgram from 'node:dgram';
import { Message } from './sipp.mjs';
import { until } from './wait.mjs';

const kNames = {
  1: 'family', 2: 'protocol', 3: 'from', 4: 'to', 5: 'from', 6: 'to', 7: 'fromPort', 8: 'toPort', 9: 'seconds', 10: 'microseconds',
  11: 'type', 12: 'captureId', 14: 'key', 15: 'payload', 17: 'correlation',
};

/** A packet of HEP3 as an object; throws where the specification would not have it. */
export function decodeHep(packet) {
  if (packet.subarray(0, 4).toString() !== 'HEP3') throw new Error('not HEP3');
  if (packet.readUInt16BE(4) !== packet.length) throw new Error(`says ${packet.readUInt16BE(4)} bytes, has ${packet.length}`);
  const found = {};
  for (let at = 6; at < packet.length;) {
    const type = packet.readUInt16BE(at + 2), length = packet.readUInt16BE(at + 4);
    if (packet.readUInt16BE(at) !== 0 || !kNames[type] || length < 6) throw new Error(`chunk ${type} of ${length}`);
    const data = packet.subarray(at + 6, at + length);
    if (data.length !== length - 6) throw new Error(`chunk ${type} is cut`);
    const name = kNames[type];
    if (['payload', 'correlation', 'key'].includes(name)) found[name] = data.toString('utf8');
    else if (['from', 'to'].includes(name)) found[name] = [...data].join('.');
    else found[name] = data.readUIntBE(0, data.length);
    at += length;
  }
  return found;
}

/** Homer's place: a UDP socket that decodes what it is sent. */
export class HepCollector {
  static async open() {
    const collector = new HepCollector();
    collector.packets = [];
    collector.errors = [];
    collector.socket = dgram.createSocket('udp4');
    collector.socket.on('message', (data) => {
      try {
        const packet = decodeHep(data);
        collector.packets.push({ ...packet, sip: new Message('captured', packet.payload) });
      } catch (error) {
        collector.errors.push(error.message);
      }
    });
    await new Promise((resolve) => collector.socket.bind(0, '127.0.0.1', resolve));
    collector.port = collector.socket.address().port;
    return collector;
  }

  /** The first packet that `wanted` likes, there or to come. */
  async packet(what, wanted, ms = 5_000) {
    let found;
    await until(`the collector gets ${what}`, () => (found = this.packets.find(wanted)), ms, 20);
    return found;
  }

  close() {
    return new Promise((resolve) => this.socket.close(resolve));
  }
}
