// Video of the SDK's surface. The gateway carries audio only: everything can be constructed and asked,
// nothing sends, so that apps written for video fall back to audio by themselves.
import type {
  CollectionUpdatedEvent,
  EventSource,
  MediaStreamType,
  PropertyChangedEvent,
  VideoDeviceInfo,
} from './types';
import { fail, failures } from './errors';
import { NoEffects } from './features/effects';

export interface VideoOptions {
  localVideoStreams?: LocalVideoStream[];
  constraints?: VideoConstraints;
}
export interface VideoConstraints {
  send?: unknown;
}
export interface CallConstraints {
  video?: VideoConstraints;
}
export type RemoteVideoStreamEvents = {
  isAvailableChanged: PropertyChangedEvent;
  sizeChanged: PropertyChangedEvent;
  isReceivingChanged: PropertyChangedEvent;
};
/** There is never one; the type is what apps declare their handlers with. */
export interface RemoteVideoStream extends EventSource<RemoteVideoStreamEvents> {
  readonly id: number;
  readonly mediaStreamType: MediaStreamType;
  readonly isAvailable: boolean;
  readonly isReceiving: boolean;
  readonly size: { width: number; height: number };
  getMediaStream(): Promise<MediaStream>;
}
export type VideoStreamsUpdatedEvent = CollectionUpdatedEvent<RemoteVideoStream>;
export type ScalingMode = 'Stretch' | 'Crop' | 'Fit';
export interface CreateViewOptions {
  isMirrored?: boolean;
  scalingMode?: ScalingMode;
}
export interface VideoStreamRendererView {
  readonly scalingMode: ScalingMode;
  readonly isMirrored: boolean;
  readonly target: HTMLElement;
  updateScalingMode(mode: ScalingMode): Promise<void>;
  dispose(): void;
}

const kNoCamera: VideoDeviceInfo = { name: '', id: '', deviceType: 'Unknown' };

export class LocalVideoStream {
  private device_: VideoDeviceInfo;
  private stream_?: MediaStream;
  private readonly effects_ = new NoEffects();

  constructor(
    source: VideoDeviceInfo | MediaStream,
    _options?: { autoDisposeOnCallEnd?: boolean },
  ) {
    const custom = typeof (source as MediaStream)?.getVideoTracks === 'function';
    this.device_ = custom ? kNoCamera : (source as VideoDeviceInfo);
    if (custom) this.stream_ = source as MediaStream;
  }

  get source(): VideoDeviceInfo {
    return this.device_;
  }

  get mediaStreamType(): MediaStreamType {
    return this.stream_ ? 'RawMedia' : 'Video';
  }

  async switchSource(source: VideoDeviceInfo): Promise<void> {
    this.device_ = source;
    this.stream_ = undefined;
  }

  async getMediaStream(): Promise<MediaStream> {
    if (!this.stream_) throw fail(failures.noVideo);
    return this.stream_;
  }

  async setMediaStream(source: MediaStream): Promise<void> {
    this.stream_ = source;
  }

  feature(_factory: unknown): NoEffects {
    return this.effects_;
  }

  on(_event: string, _listener: (args?: unknown) => void): void {}

  off(_event: string, _listener: (args?: unknown) => void): void {}

  dispose(): void {
    this.stream_ = undefined;
  }
}

export class VideoStreamRenderer {
  readonly size = { width: 0, height: 0 };

  constructor(_videoStream: LocalVideoStream | RemoteVideoStream) {}

  async createView(_options?: CreateViewOptions): Promise<VideoStreamRendererView> {
    throw fail(failures.noVideo);
  }

  dispose(): void {}
}
