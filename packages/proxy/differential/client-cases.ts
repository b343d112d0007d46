import { type Case, get } from './case.ts';
import { clientSetups } from './client-setups.ts';

const lists = [
  '1.2.3.4',
  '10.1.1.1',
  '1.2.3.4,10.1.1.1,10.2.2.2',
  '10.3.3.3, 1.2.3.4, 10.1.1.1',
  '1.2.3.4, nonsense, 10.1.1.1',
  '2001:db8::1',
  '',
];
const setups = Object.keys(clientSetups);

/** Cases about who sent a request. */
export const clientCases: readonly Case[] = [
  ...setups.map((setup) => get(setup, '/')),
  ...setups
    .filter((setup) => setup.startsWith('xff'))
    .flatMap((setup) => lists.map((list) => get(setup, '/', [`x-forwarded-for: ${list}`]))),
  ...setups
    .filter((setup) => setup.startsWith('client'))
    .flatMap((setup) =>
      ['1.2.3.4', '10.1.1.1', '1.2.3.4, 10.1.1.1', '1.2.3.4:80'].map((value) =>
        get(setup, '/', [`x-client: ${value}`, 'x-forwarded-for: 9.9.9.9']),
      ),
    ),
  get('clientheader', '/', ['x-client: 1.2.3.4', 'x-client: 5.6.7.8']),
  get('xffskips', '/', ['x-forwarded-for: ::ffff:1.2.3.4'], {
    accepted: 'Weft takes an IPv4 address in the form of an IPv6 one for the IPv4 address that it is',
  }),
  get('earlyheaders', '/a?b', ['x-secret: 1', 'x-list: some', 'x-forwarded-for: 1.1.1.1', 'x-request-id: given']),
];
