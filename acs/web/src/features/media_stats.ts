import type { CallFeature } from './feature';
import type { EdgeCall } from '../calling/call';
import type { AudioStats } from '../media/audio_stats';
import { Emitter } from '../events';
import { fail, failures } from '../errors';
import { timing } from '../timing';

export type MediaStatsCollectorOptions = {
  aggregationInterval?: number; // Seconds from one data point to the next.
  dataPointsPerAggregation?: number;
};
export interface IncomingAudioMediaStats<N, S> {
  id: string;
  codecName?: S;
  bitrate?: N;
  jitterInMs?: N;
  packets?: N;
  packetsPerSecond?: N;
  packetsLost?: N;
  packetsLostPerSecond?: N;
  rttInMs?: N;
  jitterBufferDelayInMs?: N;
  audioOutputLevel?: N;
  healedRatio?: N;
  transportId?: S;
}
export interface OutgoingAudioMediaStats<N, S> {
  id: string;
  codecName?: S;
  bitrate?: N;
  jitterInMs?: N;
  packets?: N;
  packetsPerSecond?: N;
  packetsLost?: N;
  packetsLostPerSecond?: N;
  rttInMs?: N;
  audioInputLevel?: N;
  transportId?: S;
}
export interface TransportMediaStats<N> {
  id: string;
  rttInMs?: N;
  availableIncomingBitrate?: N;
  availableOutgoingBitrate?: N;
}
interface Report<N, S> {
  audio: { send: OutgoingAudioMediaStats<N, S>[]; receive: IncomingAudioMediaStats<N, S>[] };
  video: { send: never[]; receive: never[] };
  screenShare: { send: never[]; receive: never[] };
  transports: TransportMediaStats<N>[];
}
export type MediaStatsReportSample = Report<number, string>;
export type MediaStatsAggregation = {
  count: number[];
  sum: number[];
  min: number[];
  max: number[];
};
export type MediaStatValue<T> = { aggregation?: MediaStatsAggregation; raw: T[]; timestamp: Date };
export type MediaStatsReportSummary = Report<MediaStatValue<number>, MediaStatValue<string>>;

type CollectorEvents = {
  sampleReported: (args: MediaStatsReportSample) => void;
  summaryReported: (args: MediaStatsReportSummary) => void;
};

/** Reads the media's numbers each second; sums them up each aggregation. */
export class MediaStatsCollector extends Emitter<CollectorEvents> {
  private readonly timer_: ReturnType<typeof setInterval>;
  private readonly perPoint_: number;
  private readonly perSummary_: number;
  private last_?: AudioStats;
  private samples_: MediaStatsReportSample[] = [];

  /** @internal */
  constructor(
    private readonly read_: () => Promise<AudioStats | undefined>,
    options: MediaStatsCollectorOptions = {},
  ) {
    super('MediaStatsCollector', ['sampleReported', 'summaryReported']);
    this.perPoint_ = bounded(options.aggregationInterval, 10, 60);
    this.perSummary_ = this.perPoint_ * bounded(options.dataPointsPerAggregation, 6, 60);
    this.timer_ = setInterval(() => void this.sample(), timing.statsMs);
  }

  dispose(): void {
    clearInterval(this.timer_);
    this.samples_ = [];
  }

  private async sample(): Promise<void> {
    let now: AudioStats | undefined;
    try {
      now = await this.read_();
    } catch {
      return;
    }
    if (!now) return;
    const sample = sampleOf(now, this.last_);
    this.last_ = now;
    this.samples_.push(sample);
    this.emit('sampleReported', sample);
    if (this.samples_.length < this.perSummary_) return;
    const samples = this.samples_.splice(0);
    this.emit('summaryReported', summaryOf(samples, this.perPoint_));
  }
}

export class MediaStatsCallFeature implements CallFeature {
  readonly name = 'MediaStats';
  private readonly collectors_ = new Set<MediaStatsCollector>();

  /** @internal */
  constructor(private readonly call_: EdgeCall) {}

  createCollector(options?: MediaStatsCollectorOptions | null): MediaStatsCollector {
    if (this.call_.state === 'Disconnected') throw fail(failures.notInCall);
    const collector = new MediaStatsCollector(() => this.call_.readStats(), options ?? {});
    this.collectors_.add(collector);
    return collector;
  }

  disposeAllCollectors(): void {
    for (const collector of this.collectors_) collector.dispose();
    this.collectors_.clear();
  }

  dispose(): void {
    this.disposeAllCollectors();
  }
}

function bounded(value: number | undefined, otherwise: number, most: number): number {
  return value && value > 0 ? Math.min(Math.ceil(value), most) : otherwise;
}

function sampleOf(now: AudioStats, before: AudioStats | undefined): MediaStatsReportSample {
  const seconds = before ? Math.max(0.001, (now.at - before.at) / 1000) : 1;
  const per = (value: number, earlier: number | undefined): number =>
    Math.max(0, value - (earlier ?? value)) / seconds;
  const common = {
    codecName: now.codec,
    ...(now.rttMs !== undefined ? { rttInMs: now.rttMs } : {}),
    ...(now.transportId ? { transportId: now.transportId } : {}),
  };
  const { inbound, outbound } = now;
  const receive = inbound && {
    id: inbound.id,
    ...common,
    bitrate: per(inbound.bytes, before?.inbound?.bytes) * 8,
    jitterInMs: inbound.jitterMs,
    packets: inbound.packets,
    packetsPerSecond: per(inbound.packets, before?.inbound?.packets),
    packetsLost: inbound.lost,
    packetsLostPerSecond: per(inbound.lost, before?.inbound?.lost),
    ...(inbound.jitterBufferDelayMs !== undefined
      ? { jitterBufferDelayInMs: inbound.jitterBufferDelayMs }
      : {}),
    audioOutputLevel: Math.round((inbound.level ?? 0) * 65536),
    healedRatio: inbound.samples > 0 ? inbound.concealed / inbound.samples : 0,
  };
  const send = outbound && {
    id: outbound.id,
    ...common,
    bitrate: per(outbound.bytes, before?.outbound?.bytes) * 8,
    ...(outbound.jitterMs !== undefined ? { jitterInMs: outbound.jitterMs } : {}),
    packets: outbound.packets,
    packetsPerSecond: per(outbound.packets, before?.outbound?.packets),
    packetsLost: outbound.lost,
    packetsLostPerSecond: per(outbound.lost, before?.outbound?.lost),
    audioInputLevel: Math.round((outbound.level ?? 0) * 65536),
  };
  return {
    audio: { send: send ? [send] : [], receive: receive ? [receive] : [] },
    video: { send: [], receive: [] },
    screenShare: { send: [], receive: [] },
    transports: now.transportId
      ? [{ id: now.transportId, ...(now.rttMs !== undefined ? { rttInMs: now.rttMs } : {}) }]
      : [],
  };
}

type Row = { id: string } & Record<string, unknown>;

function summaryOf(samples: MediaStatsReportSample[], perPoint: number): MediaStatsReportSummary {
  const timestamp = new Date();
  const sum = (rows: Row[][]): never[] => summariseRows(rows, perPoint, timestamp) as never[];
  return {
    audio: {
      send: sum(samples.map((s) => s.audio.send as unknown as Row[])),
      receive: sum(samples.map((s) => s.audio.receive as unknown as Row[])),
    },
    video: { send: [], receive: [] },
    screenShare: { send: [], receive: [] },
    transports: sum(samples.map((s) => s.transports as unknown as Row[])),
  };
}

function summariseRows(rows: Row[][], perPoint: number, timestamp: Date): Row[] {
  const ids = new Set(rows.flat().map((row) => row.id));
  return [...ids].map((id) => {
    const series = rows
      .map((sample) => sample.find((row) => row.id === id))
      .filter(Boolean) as Row[];
    const result: Row = { id };
    for (const key of new Set(series.flatMap((row) => Object.keys(row)))) {
      if (key !== 'id')
        result[key] = valueOf(
          series.map((row) => row[key]),
          perPoint,
          timestamp,
        );
    }
    return result;
  });
}

function valueOf(raw: unknown[], perPoint: number, timestamp: Date): MediaStatValue<unknown> {
  const known = raw.filter((value) => value !== undefined);
  if (!known.every((value) => typeof value === 'number')) return { raw: known, timestamp };
  const aggregation: MediaStatsAggregation = { count: [], sum: [], min: [], max: [] };
  for (let at = 0; at < known.length; at += perPoint) {
    const part = known.slice(at, at + perPoint) as number[];
    aggregation.count.push(part.length);
    aggregation.sum.push(part.reduce((a, b) => a + b, 0));
    aggregation.min.push(Math.min(...part));
    aggregation.max.push(Math.max(...part));
  }
  return { aggregation, raw: known, timestamp };
}
