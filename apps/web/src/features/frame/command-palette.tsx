'use client';

import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import {
  IconFileCode,
  IconMoon,
  IconPlayerPause,
  IconSearch,
  IconServer2,
  IconShieldPlus,
  IconStack2,
  IconUser,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useAgentState } from '../../lib/agent-state.ts';
import { resourceHref, serviceHref } from '../../lib/links.ts';
import { pages } from '../../lib/pages.ts';
import { useTRPC } from '../../lib/trpc.ts';
import { useRefresh, useSharedQuery, withShared } from '../../lib/url-state.ts';

/** Ctrl-K: jump to any page, service, workload or resource, or do something from anywhere. */
export function CommandPalette() {
  const [isOpen, setOpen] = useState(false);
  const groups = useActionGroups(isOpen);
  return (
    <Spotlight
      actions={groups}
      shortcut="mod + K"
      tagsToIgnore={[]}
      triggerOnContentEditable
      nothingFound="Nothing in the mesh has that name."
      highlightQuery
      overlayProps={{ backgroundOpacity: 0.35, blur: 0 }}
      scrollable
      maxHeight={420}
      limit={60}
      onSpotlightOpen={() => setOpen(true)}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: 'Service, workload, resource, page or action',
        'aria-label': 'Search everything',
      }}
    />
  );
}

function useActionGroups(isOpen: boolean): SpotlightActionGroupData[] {
  const trpc = useTRPC();
  const router = useRouter();
  const shared = useSharedQuery();
  const { status } = useAgentState();
  const actions = useFrameActions();
  const services = useQuery({ ...trpc.services.list.queryOptions({ windowSeconds: 60 }), enabled: isOpen, staleTime: 10_000 });
  const resources = useQuery({ ...trpc.config.list.queryOptions({ namespaces: [] }), enabled: isOpen, staleTime: 10_000 });
  const go = (href: string) => () => router.push(withShared(href, shared));
  return [
    {
      group: 'Pages',
      actions: pages.map(({ href, label, description, icon: Icon }) => ({
        id: `page ${href}`,
        label,
        description,
        leftSection: <Icon size={18} stroke={1.6} aria-hidden />,
        onClick: go(href),
      })),
    },
    { group: 'Actions', actions },
    {
      group: 'Services',
      actions: (services.data?.services ?? []).map((service) => ({
        id: `service ${service.key}`,
        label: service.name,
        description: `Service in ${service.namespace}`,
        leftSection: <IconStack2 size={18} stroke={1.6} aria-hidden />,
        onClick: go(serviceHref(service.key)),
      })),
    },
    {
      group: 'Workloads',
      actions: (status?.proxies ?? []).map((proxy) => ({
        id: `proxy ${proxy.id}`,
        label: proxy.name,
        description: `Workload in ${proxy.namespace}`,
        leftSection: <IconServer2 size={18} stroke={1.6} aria-hidden />,
        onClick: go(`/mesh?proxy=${encodeURIComponent(proxy.id)}`),
      })),
    },
    {
      group: 'Resources',
      actions: (resources.data?.resources ?? []).map((resource) => ({
        id: `resource ${resource.id}`,
        label: resource.name,
        description: `${resource.kind}${resource.namespace === '' ? '' : ` in ${resource.namespace}`}`,
        keywords: [resource.kind],
        leftSection:
          resource.kind === 'ServiceAccount' ? (
            <IconUser size={18} stroke={1.6} aria-hidden />
          ) : (
            <IconFileCode size={18} stroke={1.6} aria-hidden />
          ),
        onClick: go(resourceHref(resource.id)),
      })),
    },
  ];
}

function useFrameActions() {
  const router = useRouter();
  const shared = useSharedQuery();
  const [refresh, setRefresh] = useRefresh();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'dark' ? 'light' : 'dark';
  return [
    {
      id: 'action theme',
      label: `Switch to the ${next} theme`,
      leftSection: <IconMoon size={18} stroke={1.6} aria-hidden />,
      onClick: () => setColorScheme(next),
    },
    {
      id: 'action refresh',
      label: refresh === 'paused' ? 'Resume live updates' : 'Pause updates',
      leftSection: <IconPlayerPause size={18} stroke={1.6} aria-hidden />,
      onClick: () => void setRefresh(refresh === 'paused' ? 'live' : 'paused'),
    },
    {
      id: 'action policy',
      label: 'New authorization policy',
      leftSection: <IconShieldPlus size={18} stroke={1.6} aria-hidden />,
      onClick: () => router.push(withShared('/security?policy=new', shared)),
    },
    {
      id: 'action resource',
      label: 'New resource',
      leftSection: <IconFileCode size={18} stroke={1.6} aria-hidden />,
      onClick: () => router.push(withShared('/configuration?resource=new', shared)),
    },
  ];
}
