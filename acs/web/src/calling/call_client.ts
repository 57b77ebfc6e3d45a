import type { CommunicationTokenCredential } from '@azure/communication-common';
import type {
  CallAgent,
  CallAgentOptions,
  CallClientFeature,
  CallClientFeatureFactory,
  CallClientOptions,
  DeviceManager,
} from '../types';
import { fail, failures } from '../errors';
import { claimsOf, discoverEdge } from '../edge/discovery';
import { EdgeDeviceManager } from '../devices/device_manager';
import { defaultLog } from '../log';
import { EdgeCallAgent, tokenOf } from './call_agent';
import { environmentInfo } from '../features/debug_info';
import type { EnvironmentInfo } from '../features/debug_info';

/** Where an app begins: makes the one CallAgent and the one DeviceManager. */
export class CallClient {
  private readonly options_: CallClientOptions;
  private readonly devices_: EdgeDeviceManager;
  private readonly features_ = new Map<unknown, CallClientFeature>();
  private agent_?: EdgeCallAgent;
  private creating_ = false;

  constructor(options?: CallClientOptions | null) {
    this.options_ = options ?? {};
    this.devices_ = new EdgeDeviceManager(this.options_.audioProcessing ?? {});
  }

  async createCallAgent(
    tokenCredential: CommunicationTokenCredential,
    options?: CallAgentOptions | null,
  ): Promise<CallAgent> {
    if (this.agent_ || this.creating_) throw fail(failures.agentExists);
    if (typeof tokenCredential?.getToken !== 'function') throw fail(failures.noToken);
    this.creating_ = true;
    try {
      const token = await tokenOf(tokenCredential);
      checkToken(token);
      const agent = new EdgeCallAgent({
        url: discoverEdge(this.options_, token),
        token,
        credential: tokenCredential,
        options: options ?? {},
        client: this.options_,
        devices: this.devices_,
        log: this.options_.logger ?? defaultLog,
        onDisposed: (disposed) => {
          if (this.agent_ === disposed) this.agent_ = undefined;
        },
      });
      await agent.start();
      this.agent_ = agent;
      return agent;
    } finally {
      this.creating_ = false;
    }
  }

  async createTeamsCallAgent(
    _tokenCredential: CommunicationTokenCredential,
    _options?: object,
  ): Promise<never> {
    throw fail(failures.teamsUnsupported);
  }

  /** The same instance every time. */
  async getDeviceManager(): Promise<DeviceManager> {
    return this.devices_;
  }

  feature<T extends CallClientFeature>(factory: CallClientFeatureFactory<T>): T {
    let feature = this.features_.get(factory) as T | undefined;
    if (!feature) {
      feature = new factory.callClientApiCtor(this);
      this.features_.set(factory, feature);
    }
    return feature;
  }

  async dispose(): Promise<void> {
    await this.agent_?.dispose();
    this.devices_.dispose();
    for (const feature of this.features_.values()) feature.dispose();
  }

  /** A public sample reaches for this one. */
  getEnvironmentInfoInternal(): Promise<EnvironmentInfo> {
    return environmentInfo();
  }
}

/** What a token already tells saves the user a round trip; the gateway has the last word. */
function checkToken(token: string): void {
  const claims = claimsOf(token);
  if (!claims) return;
  if (typeof claims.exp === 'number' && claims.exp * 1000 <= Date.now()) {
    throw fail(failures.tokenExpired);
  }
  if (typeof claims.skypeid === 'string' && claims.skypeid.startsWith('orgid:')) {
    throw fail(failures.notAcsToken);
  }
  if (typeof claims.acsScope === 'string') {
    const scopes = claims.acsScope.split(/[,\s]+/);
    if (!scopes.some((s) => s === 'voip' || s === 'voip.join')) throw fail(failures.scopeMissing);
  }
}
