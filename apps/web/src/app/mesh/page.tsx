import type { Metadata } from 'next';
import { MeshPage } from '../../features/mesh/mesh-page.tsx';

export const metadata: Metadata = { title: 'Mesh' };

export default function Page() {
  return <MeshPage />;
}
