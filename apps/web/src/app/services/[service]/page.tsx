import type { Metadata } from 'next';
import { ServicePage } from '../../../features/services/service-page.tsx';
import { serviceKeyOf } from '../../../lib/links.ts';

interface PageProps {
  readonly params: Promise<{ readonly service: string }>;
}

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  const key = serviceKeyOf(decodeURIComponent((await params).service));
  return { title: key.split('/')[1]?.split('.')[0] ?? key };
}

export default async function Page({ params }: PageProps) {
  return <ServicePage serviceKey={serviceKeyOf(decodeURIComponent((await params).service))} />;
}
