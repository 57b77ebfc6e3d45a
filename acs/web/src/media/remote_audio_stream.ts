import type { RemoteAudioStream, Volume } from '../types';
import { StreamVolume } from './volume';

/** The mixed audio of everyone else in a call. */
export class CallRemoteAudioStream implements RemoteAudioStream {
  private volume_?: StreamVolume;

  constructor(private readonly stream_: MediaStream) {}

  async getMediaStream(): Promise<MediaStream> {
    return this.stream_;
  }

  async getVolume(): Promise<Volume> {
    this.volume_ ??= new StreamVolume(this.stream_);
    return this.volume_;
  }

  stop(): void {
    this.volume_?.stop();
    this.volume_ = undefined;
  }
}
