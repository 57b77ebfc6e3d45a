// What Node lacks of a browser's media, just enough to see what the library does with it.

export class FakeTrack {
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  readonly kind = 'audio';
  onended: (() => void) | null = null;
  onmute: (() => void) | null = null;
  onunmute: (() => void) | null = null;
  constructor(readonly deviceId = 'default') {}
  stop(): void {
    this.readyState = 'ended';
  }
  clone(): FakeTrack {
    const copy = new FakeTrack(this.deviceId);
    media.tracks.push(copy);
    return copy;
  }
  getSettings(): { deviceId: string } {
    return { deviceId: this.deviceId };
  }
}

export class FakeStream {
  constructor(readonly tracks: FakeTrack[] = []) {}
  getTracks(): FakeTrack[] {
    return this.tracks;
  }
  getAudioTracks(): FakeTrack[] {
    return this.tracks;
  }
}

export class FakePeerConnection {
  connectionState = 'new';
  iceConnectionState = 'new';
  signalingState = 'stable';
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  ontrack: ((event: unknown) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  oniceconnectionstatechange: (() => void) | null = null;
  closed = false;
  offers = 0;
  restarts = 0;
  tracksSet: Array<FakeTrack | null> = [];
  transceivers: Array<{ kind: string; direction: string }> = [];
  candidates: unknown[] = [];
  sender = {
    track: null as FakeTrack | null,
    replaceTrack: async (track: FakeTrack | null) => {
      this.sender.track = track;
      this.tracksSet.push(track);
    },
  };

  constructor(readonly config: { iceServers?: unknown[] }) {
    media.connections.push(this);
  }

  addTransceiver(kind: string, init: { direction: string }): unknown {
    this.transceivers.push({ kind, direction: init.direction });
    return { sender: this.sender };
  }

  async createOffer(
    options: { iceRestart?: boolean } = {},
  ): Promise<{ type: string; sdp: string }> {
    this.offers += 1;
    if (options.iceRestart) this.restarts += 1;
    return { type: 'offer', sdp: `offer ${this.offers} of pc ${media.connections.indexOf(this)}` };
  }

  async setLocalDescription(description: { type: string; sdp: string }): Promise<void> {
    this.localDescription = description;
    this.signalingState = 'have-local-offer';
    setTimeout(() => {
      this.onicecandidate?.({ candidate: { candidate: 'candidate:1', sdpMid: '0' } });
      this.onicecandidate?.({ candidate: null });
    }, 0);
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    if (this.signalingState !== 'have-local-offer') throw new Error('answer without an offer');
    if (this.remoteDescription === null) {
      setTimeout(() => {
        if (this.closed) return;
        this.ontrack?.({ streams: [new FakeStream([new FakeTrack('remote')])], track: {} });
        this.move('connected');
      }, 0);
    }
    this.signalingState = 'stable';
    this.remoteDescription = description;
  }

  async addIceCandidate(candidate: unknown): Promise<void> {
    this.candidates.push(candidate);
  }

  move(state: string): void {
    this.connectionState = state;
    this.iceConnectionState = state;
    this.onconnectionstatechange?.();
    this.oniceconnectionstatechange?.();
  }

  async getStats(): Promise<Map<string, unknown>> {
    return new Map(media.stats.map((entry) => [entry.id, entry]));
  }

  close(): void {
    this.closed = true;
    this.connectionState = 'closed';
  }
}

interface FakeDevice {
  kind: string;
  deviceId: string;
  label: string;
}

class FakeMedia {
  connections: FakePeerConnection[] = [];
  tracks: FakeTrack[] = [];
  constraints: Array<{ audio: Record<string, unknown> }> = [];
  stats: Array<Record<string, unknown> & { id: string }> = [];
  devices: FakeDevice[] = [
    { kind: 'audioinput', deviceId: 'default', label: 'Default' },
    { kind: 'audioinput', deviceId: 'headset', label: 'Headset' },
    { kind: 'audiooutput', deviceId: 'default', label: 'Default' },
    { kind: 'videoinput', deviceId: 'cam', label: 'Camera' },
  ];
  /** "denied" rejects, "prompt" leaves the question open until allow(). */
  permission: 'granted' | 'denied' | 'missing' | 'prompt' = 'granted';
  private pending_: Array<() => void> = [];
  private deviceListeners_ = new Set<() => void>();

  reset(): void {
    this.connections = [];
    this.tracks = [];
    this.constraints = [];
    this.stats = [];
    this.permission = 'granted';
    this.pending_ = [];
    this.devices = new FakeMedia().devices;
  }

  allow(): void {
    this.permission = 'granted';
    this.pending_.splice(0).forEach((go) => go());
  }

  plug(device: FakeDevice): void {
    this.devices = [...this.devices, device];
    this.deviceListeners_.forEach((tell) => tell());
  }

  unplug(deviceId: string): void {
    this.devices = this.devices.filter((device) => device.deviceId !== deviceId);
    this.deviceListeners_.forEach((tell) => tell());
  }

  readonly mediaDevices = {
    getUserMedia: async (constraints: { audio: Record<string, unknown> }) => {
      this.constraints.push(constraints);
      if (this.permission === 'denied') throw new DOMException('no', 'NotAllowedError');
      if (this.permission === 'missing') throw new DOMException('no', 'NotFoundError');
      if (this.permission === 'prompt') await new Promise<void>((go) => this.pending_.push(go));
      const exact = (constraints.audio.deviceId as { exact?: string } | undefined)?.exact;
      const track = new FakeTrack(exact ?? 'default');
      this.tracks.push(track);
      return new FakeStream([track]);
    },
    enumerateDevices: async () => this.devices,
    addEventListener: (_: string, listener: () => void) => void this.deviceListeners_.add(listener),
    removeEventListener: (_: string, listener: () => void) =>
      void this.deviceListeners_.delete(listener),
  };
}

export const media = new FakeMedia();

/** The peer connection that was made as number `at`. */
export function pc(at = 0): FakePeerConnection {
  const connection = media.connections[at];
  if (!connection) throw new Error(`there is no peer connection ${at}`);
  return connection;
}

export function installMedia(): void {
  const global = globalThis as Record<string, unknown>;
  global.RTCPeerConnection = FakePeerConnection;
  global.MediaStream = FakeStream;
  Object.defineProperty(globalThis, 'navigator', {
    value: { mediaDevices: media.mediaDevices, userAgent: 'node', onLine: true },
    configurable: true,
  });
}
