// SRTP as a test needs it: AES_CM_128_HMAC_SHA1_80 of RFC 3711, one stream and one direction a key, with the rollover counter in sight.
import { createCipheriv, createHmac } from 'node:crypto';

const kTag = 10;

function keystream(key, iv, length) {
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
}

export class SrtpKey {
  /** `inline`: base64 of 16 bytes of key and 14 of salt, as in a=crypto. */
  constructor(inline) {
    this.inline = inline;
    const master = Buffer.from(inline, 'base64');
    const derive = (label, length) => {
      const iv = Buffer.alloc(16);
      master.copy(iv, 0, 16, 30);
      iv[7] ^= label;
      return keystream(master.subarray(0, 16), iv, length);
    };
    this.key = derive(0, 16);
    this.authentication = derive(1, 20);
    this.salt = derive(2, 14);
    this.rollovers = 0;
    this.last = undefined;  // Sequence number.
  }

  // Where a sequence number lies: the index's upper part, which moves on when the number wraps (RFC 3711 3.3.1).
  #rollover(sequence) {
    if (this.last !== undefined && this.last > 0xc000 && sequence < 0x4000) return this.rollovers + 1;
    if (this.last !== undefined && this.last < 0x4000 && sequence > 0xc000) return Math.max(0, this.rollovers - 1);
    return this.rollovers;
  }

  #crypt(packet, rollover) {
    const iv = Buffer.alloc(16);
    this.salt.copy(iv);
    for (let i = 0; i < 4; i++) iv[4 + i] ^= packet[8 + i];
    const index = Buffer.alloc(6);
    index.writeUInt32BE(rollover, 0);
    packet.copy(index, 4, 2, 4);
    for (let i = 0; i < 6; i++) iv[8 + i] ^= index[i];
    const out = Buffer.from(packet);
    const stream = keystream(this.key, iv, packet.length - 12);
    for (let i = 12; i < packet.length; i++) out[i] ^= stream[i - 12];
    return out;
  }

  #tag(packet, rollover) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(rollover);
    return createHmac('sha1', this.authentication).update(packet).update(counter).digest().subarray(0, kTag);
  }

  #went(sequence, rollover) {
    this.rollovers = rollover;
    this.last = sequence;
  }

  /** An RTP packet (12 bytes of header) as it goes on the wire. */
  protect(packet) {
    const sequence = packet.readUInt16BE(2), rollover = this.#rollover(sequence);
    this.#went(sequence, rollover);
    const sealed = this.#crypt(packet, rollover);
    return Buffer.concat([sealed, this.#tag(sealed, rollover)]);
  }

  /** The RTP packet in one from the wire; undefined when it is not of this key. */
  open(packet) {
    const body = packet.subarray(0, packet.length - kTag), sequence = packet.readUInt16BE(2), rollover = this.#rollover(sequence);
    if (!this.#tag(body, rollover).equals(packet.subarray(packet.length - kTag))) return undefined;
    this.#went(sequence, rollover);
    return this.#crypt(body, rollover);
  }
}
