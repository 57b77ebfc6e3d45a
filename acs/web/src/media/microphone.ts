import type { AudioProcessingOptions } from '../types';

/** Opens a microphone track; `deviceId` undefined or "default" leaves the choice to the browser. */
export async function openMicrophone(
  deviceId: string | undefined,
  processing: AudioProcessingOptions = {},
): Promise<MediaStreamTrack> {
  const media = globalThis.navigator?.mediaDevices;
  if (!media?.getUserMedia) throw new DOMException('no media devices', 'NotFoundError');
  const stream = await media.getUserMedia({
    audio: {
      echoCancellation: processing.echoCancellation ?? true,
      noiseSuppression: processing.noiseSuppression ?? true,
      autoGainControl: processing.autoGainControl ?? true,
      ...(deviceId && deviceId !== 'default' ? { deviceId: { exact: deviceId } } : {}),
    },
    video: false,
  });
  const track = stream.getAudioTracks()[0];
  if (!track) throw new DOMException('no microphone', 'NotFoundError');
  return track;
}

export type MicrophoneTrouble = 'denied' | 'missing' | 'broken';

export function troubleOf(error: unknown): MicrophoneTrouble {
  const name = (error as { name?: string } | undefined)?.name;
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  return 'broken';
}
