import net from 'node:net';

/** A network that can fail: TCP through here is cut, and refused, when the test says so. */
export class TcpProxy {
  static async start(port, host = '127.0.0.1') {
    const proxy = new TcpProxy();
    proxy.pairs = new Set();
    proxy.server = net.createServer((near) => {
      if (proxy.blocked) return near.destroy();
      const far = net.connect(port, host);
      const pair = [near, far];
      proxy.pairs.add(pair);
      for (const socket of pair) {
        socket.on('error', () => {});
        socket.on('close', () => {
          proxy.pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.port = proxy.server.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    return proxy;
  }

  /** Cuts every connection; new ones are refused until `heal()`. */
  cut() {
    this.blocked = true;
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  heal() {
    this.blocked = false;
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
