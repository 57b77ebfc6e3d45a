import type { CommunicationIdentifier } from '@azure/communication-common';
import type { Lobby, LobbyEvents, RemoteParticipant } from '../types';
import { Emitter } from '../events';
import { fail, failures } from '../errors';

/** Always empty. */
export class EmptyLobby extends Emitter<LobbyEvents> implements Lobby {
  readonly participants: ReadonlyArray<RemoteParticipant> = [];

  constructor() {
    super('Lobby', ['lobbyParticipantsUpdated']);
  }

  async admit(_participant: CommunicationIdentifier): Promise<void> {
    throw fail(failures.badArgument, 'Nobody waits in the lobby.');
  }

  async reject(_participant: CommunicationIdentifier): Promise<void> {
    throw fail(failures.badArgument, 'Nobody waits in the lobby.');
  }

  async admitAll(): Promise<unknown> {
    return { successCount: 0, failedParticipants: [] };
  }
}
