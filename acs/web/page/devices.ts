import type { AudioDeviceInfo, CallClient, DeviceManager } from '../src/index';
import { byId, make } from './dom';

/** The two selects under "Audio devices". */
export async function showDevices(client: CallClient): Promise<void> {
  const devices = await client.getDeviceManager();
  const refresh = (): void => void fill(devices);
  devices.on('audioDevicesUpdated', refresh);
  devices.on('selectedMicrophoneChanged', refresh);
  devices.on('selectedSpeakerChanged', refresh);
  await fill(devices);
}

async function fill(devices: DeviceManager): Promise<void> {
  const microphones = await devices.getMicrophones();
  choices('mic-select', microphones, devices.selectedMicrophone, (device) =>
    devices.selectMicrophone(device),
  );
  const speakers = devices.isSpeakerSelectionAvailable ? await devices.getSpeakers() : [];
  choices('speaker-select', speakers, devices.selectedSpeaker, (device) =>
    devices.selectSpeaker(device),
  );
}

function choices(
  id: string,
  devices: AudioDeviceInfo[],
  selected: AudioDeviceInfo | undefined,
  choose: (device: AudioDeviceInfo) => Promise<void>,
): void {
  const select = byId<HTMLSelectElement>(id);
  select.replaceChildren(
    ...devices.map((device) => make('option', { value: device.id }, device.name)),
  );
  if (devices.length === 0) select.append(make('option', { value: '' }, 'System default'));
  select.disabled = devices.length === 0;
  if (selected) select.value = selected.id;
  select.onchange = () => {
    const device = devices.find((d) => d.id === select.value);
    if (device) void choose(device);
  };
}
