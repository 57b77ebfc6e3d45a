import dgram from 'node:dgram';

// A STUN binding request (RFC 8489 5).
const isCheck = (data) => data.length >= 20 && data.readUInt16BE(0) === 1 && data.readUInt32BE(4) === 0x2112a442;

/** What a NAT does between a browser and the gateway: UDP through here gets another source, and a third after `move()`. */
export class UdpForwarder {
  static async start(port, host = '127.0.0.1') {
    const forwarder = new UdpForwarder();
    forwarder.target = { port, host };
    forwarder.bindings = new Map();  // "address:port" of a browser's socket to the socket that speaks for it.
    forwarder.near = dgram.createSocket('udp4');
    forwarder.near.on('message', (data, from) => forwarder.#out(data, from));
    forwarder.near.on('error', () => {});
    await new Promise((resolve) => forwarder.near.bind(0, '127.0.0.1', resolve));
    forwarder.port = forwarder.near.address().port;
    return forwarder;
  }

  #out(data, from) {
    if (this.blocked || (this.checksHeld && isCheck(data))) return;
    const key = `${from.address}:${from.port}`;
    let far = this.bindings.get(key);
    if (!far) {
      far = dgram.createSocket('udp4');
      far.on('error', () => {});
      far.on('message', (answer) => {
        if (!this.blocked) this.near.send(answer, from.port, from.address, () => {});
      });
      this.bindings.set(key, far);
    }
    far.send(data, this.target.port, this.target.host, () => {});
  }

  /** Every binding is lost: what comes next has a source that the gateway has not seen, and nothing reaches the old. */
  move() {
    for (const far of this.bindings.values()) far.close();
    this.bindings.clear();
  }

  /** The browser's own ICE checks are lost, its media and its answers are not: as if the next check were far away. */
  holdChecks(held = true) {
    this.checksHeld = held;
  }

  block() {
    this.blocked = true;
  }

  heal() {
    this.blocked = false;
  }

  async close() {
    this.move();
    await new Promise((resolve) => this.near.close(resolve));
  }
}
