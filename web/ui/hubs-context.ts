/** The hubs of this browser, for all components. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Hub, Hubs } from '../link/types.js';
import { useObservable } from './use-observable.js';

export const HubsContext = createContext<Hubs | undefined>(undefined);

export function useHubs(): Hubs {
  const hubs = useContext(HubsContext);
  if (hubs === undefined) throw new Error('a component is outside of HubsContext');
  return hubs;
}

export function useHubList(): readonly Hub[] {
  return useObservable(useHubs().list);
}

export function useHub(address: string): Hub | undefined {
  return useHubList().find((hub) => hub.address === address);
}
