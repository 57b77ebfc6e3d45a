import type { CallInfo, PropertyChangedEvent } from '../types';
import { fail, failures } from '../errors';

/** What names a call beyond its id. Fields come with the gateway's first updates. */
export class EdgeCallInfo implements CallInfo {
  private groupId_: string | undefined;
  private participantId_ = '';
  private serverCallId_ = '';
  private readonly listeners_ = new Set<PropertyChangedEvent>();
  private waiting_: Array<(id: string) => void> = [];

  constructor(groupId?: string, participantId?: string) {
    this.groupId_ = groupId || undefined;
    this.participantId_ = participantId ?? '';
  }

  get groupId(): string | undefined {
    return this.groupId_;
  }
  get threadId(): string | undefined {
    return undefined;
  }
  get participantId(): string {
    return this.participantId_;
  }

  /** Known once the gateway has heard of the call. */
  getServerCallId(): Promise<string> {
    if (this.serverCallId_) return Promise.resolve(this.serverCallId_);
    return new Promise((resolve) => this.waiting_.push(resolve));
  }

  onCallInfoChanged(event: 'callInfoChanged', listener: PropertyChangedEvent): void {
    if (event !== 'callInfoChanged') throw fail(failures.unknownEvent('CallInfo'));
    this.listeners_.add(listener);
  }

  offCallInfoChanged(event: 'callInfoChanged', listener: PropertyChangedEvent): void {
    if (event !== 'callInfoChanged') throw fail(failures.unknownEvent('CallInfo'));
    this.listeners_.delete(listener);
  }

  /** @internal */
  update(facts: { groupId?: string; participantId?: string; serverCallId?: string }): void {
    const groupId = facts.groupId || this.groupId_;
    const participantId = facts.participantId || this.participantId_;
    const changed = groupId !== this.groupId_ || participantId !== this.participantId_;
    this.groupId_ = groupId;
    this.participantId_ = participantId;
    if (facts.serverCallId) this.serverCallId_ = facts.serverCallId;
    if (this.serverCallId_) this.waiting_.splice(0).forEach((tell) => tell(this.serverCallId_));
    if (changed) for (const listener of [...this.listeners_]) listener();
  }
}
