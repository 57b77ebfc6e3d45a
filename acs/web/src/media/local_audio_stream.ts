import type { AudioDeviceInfo, MediaStreamType, Volume } from '../types';
import { Emitter } from '../events';
import { fail, failures } from '../errors';
import { NoEffects } from '../features/effects';
import { openMicrophone } from './microphone';
import { StreamVolume } from './volume';

export interface LocalAudioStreamOptions {
  autoDisposeOnCallEnd?: boolean;
}
export type AudioSourceChangedEvent = (args: { source: LocalAudioStream }) => void;
export type LocalAudioStreamEvents = { audioSourceChanged: AudioSourceChangedEvent };

const kCustomSource: AudioDeviceInfo = {
  name: 'Custom source',
  id: 'custom',
  isSystemDefault: false,
  deviceType: 'Virtual',
};

/** What an app sends instead of the selected microphone: another device, or a stream of its own. */
export class LocalAudioStream extends Emitter<LocalAudioStreamEvents> {
  private device_: AudioDeviceInfo;
  private stream_?: MediaStream;
  private owned_ = false;
  private volume_?: StreamVolume;
  private readonly effects_ = new NoEffects();
  /** @internal */
  readonly autoDispose: boolean;

  constructor(source: AudioDeviceInfo | MediaStream, options?: LocalAudioStreamOptions) {
    super('LocalAudioStream', ['audioSourceChanged']);
    this.autoDispose = options?.autoDisposeOnCallEnd ?? true;
    const custom = isStream(source);
    this.device_ = custom ? kCustomSource : source;
    if (custom) this.stream_ = source;
  }

  get source(): AudioDeviceInfo {
    return this.device_;
  }

  get mediaStreamType(): MediaStreamType {
    return 'Audio';
  }

  async getMediaStream(): Promise<MediaStream> {
    if (!this.stream_) {
      try {
        this.stream_ = new MediaStream([await openMicrophone(idOf(this.device_))]);
      } catch (error) {
        throw fail(failures.permissionDenied, String(error));
      }
      this.owned_ = true;
    }
    return this.stream_;
  }

  async setMediaStream(source: MediaStream): Promise<void> {
    if (!isStream(source)) throw fail(failures.badArgument, 'It is not a MediaStream.');
    this.dispose();
    this.device_ = kCustomSource;
    this.stream_ = source;
    this.emit('audioSourceChanged', { source: this });
  }

  async switchSource(source: AudioDeviceInfo): Promise<void> {
    this.dispose();
    this.device_ = source;
    this.emit('audioSourceChanged', { source: this });
  }

  async getVolume(): Promise<Volume> {
    this.volume_ ??= new StreamVolume(await this.getMediaStream());
    return this.volume_;
  }

  feature(_factory: unknown): NoEffects {
    return this.effects_;
  }

  /** Stops what we opened; a stream given to us stays its owner's. */
  dispose(): void {
    this.volume_?.stop();
    this.volume_ = undefined;
    if (this.owned_) this.stream_?.getTracks().forEach((track) => track.stop());
    this.stream_ = undefined;
    this.owned_ = false;
  }
}

/** Ids of enumerated devices carry their kind ("microphone:abc"); constraints want the bare one. */
export function idOf(device: AudioDeviceInfo | undefined): string | undefined {
  return device?.id.replace(/^(microphone|speaker):/, '');
}

function isStream(source: AudioDeviceInfo | MediaStream): source is MediaStream {
  return typeof (source as MediaStream).getAudioTracks === 'function';
}
