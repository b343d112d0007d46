import Link from 'next/link';
import { Notice } from '../components/notice.tsx';

export default function NotFound() {
  return (
    <Notice title="There is no such page" actions={<Link href="/">To the overview</Link>}>
      The address may be from another version of the console. Ctrl-K finds every page, service and resource.
    </Notice>
  );
}
