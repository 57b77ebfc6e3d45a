// What getStats says about one audio connection, read once and in one place.

export interface AudioStats {
  at: number;
  codec: string;
  rttMs?: number;
  inbound?: {
    id: string;
    packets: number;
    bytes: number;
    lost: number;
    jitterMs: number;
    jitterBufferDelayMs?: number;
    level?: number;
    concealed: number;
    samples: number;
  };
  outbound?: {
    id: string;
    packets: number;
    bytes: number;
    lost: number;
    lossFraction: number;
    jitterMs?: number;
    level?: number;
    energy?: number;
  };
  transportId?: string;
}

type Entry = Record<string, unknown> & { id: string; type: string };

const num = (value: unknown): number => (typeof value === 'number' && isFinite(value) ? value : 0);
const maybe = (value: unknown): number | undefined =>
  typeof value === 'number' && isFinite(value) ? value : undefined;

export async function readAudioStats(pc: RTCPeerConnection): Promise<AudioStats> {
  const entries = new Map<string, Entry>();
  (await pc.getStats()).forEach((entry: Entry) => entries.set(entry.id, entry));
  const all = [...entries.values()];
  const audio = (type: string): Entry | undefined =>
    all.find((e) => e.type === type && (e.kind === 'audio' || e.mediaType === 'audio'));
  const inbound = audio('inbound-rtp');
  const outbound = audio('outbound-rtp');
  const remote = audio('remote-inbound-rtp');
  const source = audio('media-source');
  const pair = all.find(
    (e) => e.type === 'candidate-pair' && e.state === 'succeeded' && e.nominated !== false,
  );
  const stats: AudioStats = { at: Date.now(), codec: codecOf(entries, inbound ?? outbound) };
  const rtt = maybe(remote?.roundTripTime) ?? maybe(pair?.currentRoundTripTime);
  if (rtt !== undefined) stats.rttMs = rtt * 1000;
  const transport = inbound?.transportId ?? outbound?.transportId;
  if (typeof transport === 'string') stats.transportId = transport;
  if (inbound) stats.inbound = inboundOf(inbound);
  if (outbound) stats.outbound = outboundOf(outbound, remote, source);
  return stats;
}

function codecOf(entries: Map<string, Entry>, rtp: Entry | undefined): string {
  const codec = entries.get(String(rtp?.codecId ?? ''));
  return String(codec?.mimeType ?? '').replace(/^audio\//i, '');
}

function inboundOf(rtp: Entry): NonNullable<AudioStats['inbound']> {
  const emitted = num(rtp.jitterBufferEmittedCount);
  const delay = emitted > 0 ? (num(rtp.jitterBufferDelay) / emitted) * 1000 : undefined;
  const level = maybe(rtp.audioLevel);
  return {
    id: rtp.id,
    packets: num(rtp.packetsReceived),
    bytes: num(rtp.bytesReceived),
    lost: num(rtp.packetsLost),
    jitterMs: num(rtp.jitter) * 1000,
    ...(delay !== undefined ? { jitterBufferDelayMs: delay } : {}),
    ...(level !== undefined ? { level } : {}),
    concealed: num(rtp.concealedSamples),
    samples: num(rtp.totalSamplesReceived),
  };
}

function outboundOf(
  rtp: Entry,
  remote: Entry | undefined,
  source: Entry | undefined,
): NonNullable<AudioStats['outbound']> {
  const jitter = maybe(remote?.jitter);
  const level = maybe(source?.audioLevel);
  const energy = maybe(source?.totalAudioEnergy);
  return {
    id: rtp.id,
    packets: num(rtp.packetsSent),
    bytes: num(rtp.bytesSent),
    lost: num(remote?.packetsLost),
    lossFraction: num(remote?.fractionLost),
    ...(jitter !== undefined ? { jitterMs: jitter * 1000 } : {}),
    ...(level !== undefined ? { level } : {}),
    ...(energy !== undefined ? { energy } : {}),
  };
}
