import type { CallEvents, ParticipantRole } from '../types';
import { CallKind } from '../types';
import type { CallConstraints, LocalVideoStream } from '../video';
import { Emitter } from '../events';
import { fail, failures } from '../errors';
import { EmptyLobby } from './lobby';

/** The part of a call's surface that the gateway has nothing for: always the same answers. */
export abstract class AudioOnlyCall extends Emitter<CallEvents> {
  readonly kind = CallKind.Call;
  readonly lobby = new EmptyLobby();
  readonly isScreenSharingOn = false;
  readonly isLocalVideoStarted = false;
  readonly localVideoStreams: ReadonlyArray<LocalVideoStream> = [];
  readonly role: ParticipantRole = 'Unknown';

  constructor() {
    super('Call', [
      'stateChanged',
      'idChanged',
      'isMutedChanged',
      'isIncomingAudioMutedChanged',
      'mutedByOthers',
      'callerInfoChanged',
      'transferorInfoChanged',
      'roleChanged',
      'isScreenSharingOnChanged',
      'isLocalVideoStartedChanged',
      'remoteParticipantsUpdated',
      'localVideoStreamsUpdated',
      'localAudioStreamsUpdated',
      'remoteAudioStreamsUpdated',
    ]);
  }

  async setConstraints(_constraints: CallConstraints): Promise<void> {}

  async startVideo(_localVideoStream: LocalVideoStream): Promise<void> {
    throw fail(failures.noVideo);
  }

  async stopVideo(_localVideoStream: LocalVideoStream): Promise<void> {
    throw fail(failures.videoNotStarted);
  }

  async startScreenSharing(_localVideoStream?: LocalVideoStream): Promise<void> {
    throw fail(failures.sharingUnsupported);
  }

  async stopScreenSharing(): Promise<void> {
    throw fail(failures.sharingNotStarted);
  }
}
