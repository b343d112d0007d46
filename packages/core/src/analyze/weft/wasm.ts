import type { TrafficExtension, WasmPlugin } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object } from '../fields.ts';
import { fact } from '../proof.ts';

/** Wasm modules: no proxy of Weft runs them. */
export const wasmAnalyzer: ResourceAnalyzer = {
  name: 'wasm.SupportAnalyzer',
  scope: 'resource',
  inputs: ['WasmPlugin', 'TrafficExtension'],
  isDefault: true,
  check(resource, _context, report) {
    const isPlugin = resource.ref.kind === 'WasmPlugin';
    const wasm = isPlugin ? (resource as WasmPlugin).spec : object((resource as TrafficExtension).spec).wasm;
    if (!wasm) return;
    const path = isPlugin ? 'spec' : 'spec.wasm';
    const isClosed = object(wasm).failStrategy === 'FAIL_CLOSE';
    const effect = isClosed
      ? 'and because of failStrategy FAIL_CLOSE everything it applies to is denied'
      : 'so it is left out and traffic passes without it';
    report({
      type: 'WasmNotRun',
      resource,
      path: isClosed ? `${path}.failStrategy` : path,
      message: `Weft's proxy runs no Wasm, ${effect}. Use a Lua extension, an EnvoyFilter or a policy instead.`,
      proof: [fact(resource, path, isClosed ? 'is a Wasm module that fails closed' : 'is a Wasm module')],
    });
  },
};
