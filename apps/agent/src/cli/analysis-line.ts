import type { Message } from '@weft/core/analyze/message';
import { documentationUrl, type MessageType, messageTypes } from '@weft/core/analyze/message-types';
import type { ParseProblem } from '@weft/core/resource/parse';

/** A message as the command prints it. */
export interface AnalysisLine {
  readonly code: string;
  readonly level: Message['level'];
  readonly origin: string;
  readonly type: MessageType;
  readonly message: string;
  /** `file:line`, or `''`. */
  readonly reference: string;
  readonly path: string;
  readonly cluster: string;
  readonly proof: Message['proof'];
  readonly documentationUrl: string;
}

/** A message about a resource. */
export function messageLine(message: Message): AnalysisLine {
  const { code, level, origin, type, path, cluster, proof, reference } = message;
  return {
    code,
    level,
    origin,
    type,
    message: message.message,
    reference: reference.file === '' ? '' : `${reference.file}:${reference.line}`,
    path,
    cluster,
    proof,
    documentationUrl: message.documentationUrl,
  };
}

/** A document, or settings of the mesh, that cannot be read; there is no resource, so the file is the origin. */
export function problemLine(type: 'UnreadableDocument' | 'UnreadableMeshSettings', { file, line, message }: ParseProblem): AnalysisLine {
  return {
    code: messageTypes[type].code,
    level: messageTypes[type].level,
    origin: file,
    type,
    message,
    reference: `${file}:${line}`,
    path: '',
    cluster: '',
    proof: [],
    documentationUrl: documentationUrl(type),
  };
}

/** A line for people. */
export function formatLine({ level, code, cluster, origin, reference, message }: AnalysisLine): string {
  const place = reference.startsWith(`${origin}:`) ? [reference] : [origin, reference];
  const where = place.filter((part) => part !== '').join(' ');
  return `${level} [${code}]${cluster === '' ? '' : ` [${cluster}]`} (${where}) ${message}`;
}
