import type { CallClientFeature } from './feature';
import type { PropertyChangedEvent } from '../types';
import { Emitter } from '../events';

export type EnvironmentInfo = {
  environment: { platform: string; browser: string; browserVersion: string };
  isSupportedPlatform: boolean;
  isSupportedBrowser: boolean;
  isSupportedBrowserVersion: boolean;
  isSupportedEnvironment: boolean;
};

export async function environmentInfo(): Promise<EnvironmentInfo> {
  const agent = globalThis.navigator?.userAgent ?? '';
  const found = /(Edg|OPR|Firefox|Chrome|CriOS|Version)\/([\d.]+)/.exec(
    agent.replace(/Chrome(?=.*(Edg|OPR)\/)/, ''),
  );
  const browser = names[found?.[1] ?? ''] ?? 'unknown';
  const capable =
    typeof RTCPeerConnection !== 'undefined' && !!globalThis.navigator?.mediaDevices?.getUserMedia;
  return {
    environment: { platform: platformOf(agent), browser, browserVersion: found?.[2] ?? '' },
    isSupportedPlatform: capable,
    isSupportedBrowser: capable,
    isSupportedBrowserVersion: capable,
    isSupportedEnvironment: capable,
  };
}

const names: Record<string, string> = {
  Edg: 'edge',
  OPR: 'opera',
  Firefox: 'firefox',
  Chrome: 'chrome',
  CriOS: 'chrome',
  Version: 'safari',
};

function platformOf(agent: string): string {
  if (/Android/.test(agent)) return 'android';
  if (/iPhone|iPad/.test(agent)) return 'ios';
  if (/Windows/.test(agent)) return 'windows';
  if (/Mac OS/.test(agent)) return 'mac';
  return /Linux/.test(agent) ? 'linux' : 'unknown';
}

type DebugInfoEvents = { isCallClientActiveInAnotherTabChanged: PropertyChangedEvent };

export class DebugInfoCallClientFeature
  extends Emitter<DebugInfoEvents>
  implements CallClientFeature
{
  readonly name = 'DebugInfo';
  readonly isCallClientActiveInAnotherTab = false;

  constructor(_client: unknown) {
    super('DebugInfo', ['isCallClientActiveInAnotherTabChanged']);
  }

  getEnvironmentInfo(): Promise<EnvironmentInfo> {
    return environmentInfo();
  }

  dispose(): void {}
}
