import { parseYaml } from '@weft/core/resource/parse';
import type { DraftChange } from '../api/config-types.ts';
import type { ResourceId } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { Configuration } from '../store/configuration.ts';
import { writtenResources } from '../store/configuration.ts';
import { resourceId } from '../store/resource-id.ts';
import { appendDocument, removeDocument, replaceDocument } from '../store/yaml-documents.ts';

/** File that resources without a file of their own are added to. */
const newResourcesFile = 'weft-edits.yaml';

/** Where the text of a change stands in the files it makes: to give positions relative to the text the user edits. */
export interface DraftPlace {
  readonly file: string;
  /** Lines before the change's text. */
  readonly lineOffset: number;
  readonly lines: number;
}

export interface DraftFiles {
  readonly files: ReadonlyMap<string, string>;
  readonly places: readonly DraftPlace[];
}

/** The files of a configuration with a draft's changes made. @throws WeftError when a change names what does not exist */
export function draftFiles(configuration: Configuration, changes: readonly DraftChange[]): DraftFiles {
  const files = new Map(configuration.files);
  const texts: { file: string; text: string }[] = [];
  for (const change of changes) {
    if (change.kind === 'file') {
      if (change.text === '' && !/\S/.test(change.text)) files.delete(change.file);
      else files.set(change.file, change.text);
      texts.push({ file: change.file, text: change.text });
    } else if (change.kind === 'delete') {
      const file = fileOf(configuration, change.id);
      if (file === null) throw new WeftError('NOT_FOUND', `no resource ${change.id}`);
      setFile(files, file, removeDocument(files.get(file) ?? '', change.id) ?? notItsOwn(change.id, file));
    } else {
      texts.push(...editResource(configuration, files, change.id, change.yaml));
    }
  }
  return { files, places: texts.map(({ file, text }) => placeOf(files.get(file) ?? '', file, text)) };
}

function editResource(
  configuration: Configuration,
  files: Map<string, string>,
  id: ResourceId | null,
  yaml: string,
): { file: string; text: string }[] {
  const written = parseYaml(yaml, '').resources;
  // One document at a time keeps its place in its file; a text of several is taken apart.
  const single = written.length <= 1 && !/^---/m.test(yaml.replace(/^---[^\n]*\n/, ''));
  if (!single) return splitDocuments(yaml).flatMap((text) => editResource(configuration, files, null, text));
  const target = id ?? (written[0] ? resourceId(written[0].ref) : null);
  const file = target === null ? null : fileOf(configuration, target);
  const text = yaml.replace(/^---[^\n]*\n/, '');
  if (file !== null && target !== null) {
    files.set(file, replaceDocument(files.get(file) ?? '', target, text) ?? notItsOwn(target, file));
    return [{ file, text }];
  }
  const into = fileForNew(configuration, written[0]?.ref.namespace ?? '');
  files.set(into, appendDocument(files.get(into) ?? '', text));
  return [{ file: into, text }];
}

function splitDocuments(yaml: string): readonly string[] {
  return yaml.split(/^---[ \t]*(?:#[^\n]*)?\r?\n/m).filter((text) => /\S/.test(text));
}

function fileOf({ parsedByFile }: Configuration, id: ResourceId): string | null {
  for (const [file, { valid, invalid }] of parsedByFile) {
    if ([...valid, ...invalid].some(({ ref }) => resourceId(ref) === id)) return file;
  }
  return null;
}

/** New resources go to the file that edits go to, or to the only file there is. */
function fileForNew(configuration: Configuration, _namespace: string): string {
  const [only] = configuration.files.keys();
  return configuration.files.size === 1 && only !== undefined ? only : newResourcesFile;
}

function setFile(files: Map<string, string>, file: string, text: string): void {
  if (/^(?:\s*|\s*#.*|---\s*)*$/.test(text)) files.delete(file);
  else files.set(file, text);
}

function placeOf(fileText: string, file: string, text: string): DraftPlace {
  const at = fileText.lastIndexOf(text.trimEnd());
  const lineOffset = at <= 0 ? 0 : fileText.slice(0, at).split('\n').length - 1;
  return { file, lineOffset, lines: text.split('\n').length };
}

function notItsOwn(id: ResourceId, file: string): never {
  throw new WeftError('INVALID', `${id} shares its document in ${file} with other resources; edit the file itself`);
}

/** Every resource of a configuration with its id. */
export function resourcesById(configuration: Configuration): ReadonlyMap<ResourceId, ReturnType<typeof writtenResources>[number]> {
  return new Map(writtenResources(configuration).map((resource) => [resourceId(resource.ref), resource]));
}
