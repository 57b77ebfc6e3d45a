import type {
  AudioDeviceInfo,
  AudioProcessingOptions,
  DeviceAccess,
  DeviceManager,
  DeviceManagerEvents,
  PermissionConstraints,
  StartPreheatDeviceParameters,
  StopPreheatDeviceParameters,
  VideoDeviceInfo,
} from '../types';
import { Emitter } from '../events';
import { fail, failures } from '../errors';
import { openMicrophone, troubleOf } from '../media/microphone';
import { idOf } from '../media/local_audio_stream';

/**
 * Microphones and speakers of this browser and which of them calls use. Audio only: there are no
 * cameras, which is how apps written for video learn to go on without. One per CallClient.
 */
export class EdgeDeviceManager extends Emitter<DeviceManagerEvents> implements DeviceManager {
  private known_: ReadonlyArray<AudioDeviceInfo> = [];
  private selectedMicrophone_?: AudioDeviceInfo;
  private selectedSpeaker_?: AudioDeviceInfo;

  constructor(readonly processing: AudioProcessingOptions) {
    super('DeviceManager', [
      'audioDevicesUpdated',
      'videoDevicesUpdated',
      'selectedMicrophoneChanged',
      'selectedSpeakerChanged',
    ]);
    const media = globalThis.navigator?.mediaDevices;
    media?.addEventListener?.('devicechange', this.onDeviceChange_);
  }

  get isSpeakerSelectionAvailable(): boolean {
    return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
  }

  get selectedMicrophone(): AudioDeviceInfo | undefined {
    return this.selectedMicrophone_;
  }

  get selectedSpeaker(): AudioDeviceInfo | undefined {
    return this.selectedSpeaker_;
  }

  async getCameras(): Promise<VideoDeviceInfo[]> {
    return [];
  }

  async getMicrophones(): Promise<AudioDeviceInfo[]> {
    await this.refresh();
    return this.known_.filter((device) => device.deviceType === 'Microphone');
  }

  async getSpeakers(): Promise<AudioDeviceInfo[]> {
    if (!this.isSpeakerSelectionAvailable) throw fail(failures.noSpeakerSelection);
    await this.refresh();
    return this.known_.filter((device) => device.deviceType === 'Speaker');
  }

  async selectMicrophone(microphoneDevice: AudioDeviceInfo): Promise<void> {
    if (microphoneDevice?.deviceType !== 'Microphone') throw fail(failures.badArgument);
    if (this.selectedMicrophone_?.id === microphoneDevice.id) return;
    this.selectedMicrophone_ = { ...microphoneDevice };
    this.emit('selectedMicrophoneChanged');
  }

  async selectSpeaker(speakerDevice: AudioDeviceInfo): Promise<void> {
    if (!this.isSpeakerSelectionAvailable) throw fail(failures.noSpeakerSelection);
    if (speakerDevice?.deviceType !== 'Speaker') throw fail(failures.badArgument);
    if (this.selectedSpeaker_?.id === speakerDevice.id) return;
    this.selectedSpeaker_ = { ...speakerDevice };
    this.emit('selectedSpeakerChanged');
  }

  /** Never rejects for want of video: apps ask for both and go on with what they get. */
  async askDevicePermission(permissionConstraints: PermissionConstraints): Promise<DeviceAccess> {
    if (!permissionConstraints?.audio) return { audio: false, video: false };
    let audio = false;
    try {
      (await this.openMicrophone()).stop();
      audio = true;
    } catch (error) {
      if (troubleOf(error) === 'broken') throw fail(failures.permissionFailed, String(error));
    }
    await this.refresh();
    return { audio, video: false };
  }

  async startPreheatDevices(_parameters: StartPreheatDeviceParameters): Promise<void> {}

  stopPreheatDevices(_parameters: StopPreheatDeviceParameters): void {}

  /** @internal A new track of the selected microphone; the caller stops it. */
  async openMicrophone(): Promise<MediaStreamTrack> {
    const track = await openMicrophone(idOf(this.selectedMicrophone_), this.processing);
    // Names and ids appear once permission is there; a default is chosen before the first call.
    if (!this.selectedMicrophone_) void this.refresh();
    return track;
  }

  /** @internal Known only where browsers list speakers at all. */
  get lacksSpeakers(): boolean {
    const some = this.known_.some((device) => device.deviceType === 'Speaker');
    return this.isSpeakerSelectionAvailable && this.known_.length > 0 && !some;
  }

  /** @internal */
  get speakerId(): string | undefined {
    return this.selectedSpeaker_ && idOf(this.selectedSpeaker_);
  }

  /** @internal */
  dispose(): void {
    globalThis.navigator?.mediaDevices?.removeEventListener?.('devicechange', this.onDeviceChange_);
  }

  private readonly onDeviceChange_ = (): void => void this.refresh();

  private async refresh(): Promise<void> {
    const media = globalThis.navigator?.mediaDevices;
    if (!media?.enumerateDevices) return;
    let found: AudioDeviceInfo[];
    try {
      found = (await media.enumerateDevices()).flatMap(toAudioDevice);
    } catch {
      return;
    }
    const before = this.known_;
    this.known_ = found;
    const added = found.filter((device) => !before.some((b) => b.id === device.id));
    const removed = before.filter((device) => !found.some((f) => f.id === device.id));
    this.chooseDefaults();
    if (added.length + removed.length > 0) this.emit('audioDevicesUpdated', { added, removed });
  }

  private chooseDefaults(): void {
    const microphone = this.choose('Microphone', this.selectedMicrophone_);
    if (microphone?.id !== this.selectedMicrophone_?.id) {
      this.selectedMicrophone_ = microphone;
      this.emit('selectedMicrophoneChanged');
    }
    const speaker = this.choose('Speaker', this.selectedSpeaker_);
    if (speaker?.id !== this.selectedSpeaker_?.id) {
      this.selectedSpeaker_ = speaker;
      this.emit('selectedSpeakerChanged');
    }
  }

  /** The selected one while it exists, else the system's default, else the first. */
  private choose(
    type: AudioDeviceInfo['deviceType'],
    selected: AudioDeviceInfo | undefined,
  ): AudioDeviceInfo | undefined {
    const devices = this.known_.filter((device) => device.deviceType === type);
    if (selected && devices.some((device) => device.id === selected.id)) return selected;
    return devices.find((device) => device.isSystemDefault) ?? devices[0];
  }
}

/** Before permission browsers list devices without ids: those cannot be chosen, so none is shown. */
function toAudioDevice(device: MediaDeviceInfo): AudioDeviceInfo[] {
  if (!device.deviceId || device.deviceId === 'communications') return [];
  const isSystemDefault = device.deviceId === 'default';
  if (device.kind === 'audioinput') {
    const id = `microphone:${device.deviceId}`;
    const name = device.label || 'Microphone';
    return [{ name, id, isSystemDefault, deviceType: 'Microphone' }];
  }
  if (device.kind !== 'audiooutput') return [];
  const id = `speaker:${device.deviceId}`;
  return [{ name: device.label || 'Speaker', id, isSystemDefault, deviceType: 'Speaker' }];
}
