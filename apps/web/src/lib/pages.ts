import {
  IconArrowsSplit2,
  IconChartDots3,
  IconFileCode,
  IconLayoutDashboard,
  IconServer2,
  IconShieldLock,
  IconTopologyStar3,
} from '@tabler/icons-react';

export interface Page {
  readonly href: string;
  readonly label: string;
  readonly description: string;
  readonly icon: typeof IconServer2;
}

/** The pages that exist, in the order of the navigation. */
export const pages: readonly Page[] = [
  { href: '/', label: 'Overview', description: 'Is the mesh well?', icon: IconLayoutDashboard },
  { href: '/topology', label: 'Topology', description: 'Who calls whom, live', icon: IconTopologyStar3 },
  { href: '/services', label: 'Services', description: 'Health and golden signals of every service', icon: IconChartDots3 },
  { href: '/rollouts', label: 'Rollouts', description: 'Shift traffic between versions', icon: IconArrowsSplit2 },
  { href: '/security', label: 'Security', description: 'Authorization policies and mTLS', icon: IconShieldLock },
  { href: '/configuration', label: 'Configuration', description: 'Every resource, its findings and its history', icon: IconFileCode },
  { href: '/mesh', label: 'Mesh', description: 'Proxies, certificates, control plane', icon: IconServer2 },
];
