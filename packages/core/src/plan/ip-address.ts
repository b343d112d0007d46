/** An IP address, parsed once per connection so that CIDR tests on the hot path are integer comparisons. */
export interface IpAddress {
  readonly text: string;
  readonly family: 4 | 6;
  /** Big-endian 32-bit words: one for IPv4, four for IPv6. An IPv4-mapped IPv6 address has family 4. */
  readonly words: readonly number[];
}

/** A network in CIDR form. */
export interface IpRange {
  readonly text: string;
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly prefixLength: number;
}
