/** Where the agent's API answers; read at run time, so one build serves every agent. */
export function agentUrl(): string {
  return process.env.WEFT_AGENT_URL ?? 'http://127.0.0.1:15014';
}

/** Names besides loopback that the console may be reached by. */
export function consoleHosts(): readonly string[] {
  return (process.env.WEFT_CONSOLE_HOSTS ?? '')
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
}
