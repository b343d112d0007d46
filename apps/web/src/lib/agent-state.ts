'use client';

import type { MeshStatus } from '@weft/agent/api/types';
import { createContext, useContext } from 'react';

export interface AgentState {
  readonly link: 'connecting' | 'connected' | 'lost';
  /** When the agent was last heard of; null before the first word. */
  readonly heardAt: number | null;
  readonly status: MeshStatus | null;
  readonly reconnect: () => void;
}

export const AgentStateContext = createContext<AgentState>({ link: 'connecting', heardAt: null, status: null, reconnect: () => undefined });

export function useAgentState(): AgentState {
  return useContext(AgentStateContext);
}
