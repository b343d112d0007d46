import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import '@mantine/spotlight/styles.layer.css';
import './globals.css';
import { ColorSchemeScript, MantineProvider, mantineHtmlProps } from '@mantine/core';
import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import { Frame } from '../features/frame/frame.tsx';
import { Providers } from '../features/frame/providers.tsx';
import { theme } from '../lib/theme.ts';

export const metadata: Metadata = {
  title: { default: 'Weft', template: '%s · Weft' },
  description: 'The console of the Weft service mesh.',
};

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
    { media: '(prefers-color-scheme: dark)', color: '#13171f' },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Reading the nonce also keeps pages rendered per request, which the content security policy needs.
  const nonce = (await headers()).get('x-nonce') ?? undefined;
  return (
    <html lang="en" {...mantineHtmlProps}>
      <head>
        <ColorSchemeScript defaultColorScheme="auto" {...(nonce === undefined ? {} : { nonce })} />
      </head>
      <body>
        <MantineProvider theme={theme} defaultColorScheme="auto">
          <Providers>
            <Frame>{children}</Frame>
          </Providers>
        </MantineProvider>
      </body>
    </html>
  );
}
