import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import { defaultFrameBytes, h2Error, maxWindow, readUint32, setting } from './h2-frames.ts';

/** What we announce, in Envoy's order: identifiers and values in turn. */
export function ownSettings(isServer: boolean, options: Http2OptionsPlan): number[] {
  return [
    ...(isServer ? [] : [setting.enablePush, 0]),
    setting.headerTableSize,
    options.hpackTableSize,
    setting.enableConnect,
    isServer && options.allowConnect ? 1 : 0,
    setting.maxConcurrentStreams,
    options.maxConcurrentStreams,
    setting.initialWindowSize,
    options.initialStreamWindowBytes,
  ];
}

/** Whom a peer's settings concern. */
export interface SettingsTarget {
  headerTableBytes: number;
  maxStreams: number;
  maxFrameBytes: number;
  /** Answers false when a stream's window overflows by it. */
  changeInitialWindow(bytes: number): boolean;
}

/** Applies the payload of a SETTINGS frame, as far as it is well-formed (RFC 9113 section 6.5). Answers an HTTP/2 error code. */
export function applySettings(bytes: Buffer, at: number, length: number, target: SettingsTarget): number {
  if (length % 6 !== 0) return h2Error.frameSize;
  for (let p = at; p < at + length; p += 6) {
    const error = applySetting(((bytes[p] ?? 0) << 8) | (bytes[p + 1] ?? 0), readUint32(bytes, p + 2), target);
    if (error !== h2Error.none) return error;
  }
  return h2Error.none;
}

function applySetting(id: number, value: number, target: SettingsTarget): number {
  switch (id) {
    case setting.headerTableSize:
      target.headerTableBytes = value;
      return h2Error.none;
    case setting.enablePush:
      return value > 1 ? h2Error.protocol : h2Error.none;
    case setting.maxConcurrentStreams:
      target.maxStreams = value;
      return h2Error.none;
    case setting.initialWindowSize:
      return value <= maxWindow && target.changeInitialWindow(value) ? h2Error.none : h2Error.flowControl;
    case setting.maxFrameSize:
      if (value < defaultFrameBytes || value > 16777215) return h2Error.protocol;
      target.maxFrameBytes = value;
      return h2Error.none;
    default:
      return h2Error.none;
  }
}
