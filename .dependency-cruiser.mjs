// The rules of ARCHITECTURE.md, as data. A stage of core may import only the stages named for it.
const coreStages = {
  base: [],
  resource: ['base'],
  analyze: ['base', 'resource'],
  mesh: ['base', 'resource'],
  snapshot: ['base'],
  compile: ['base', 'resource', 'mesh', 'snapshot'],
  xds: ['base', 'snapshot'],
  plan: ['base', 'snapshot'],
  engine: ['base', 'snapshot', 'plan'],
  explain: ['base', 'plan', 'engine'],
  simulate: ['base', 'resource', 'analyze', 'mesh', 'snapshot', 'compile', 'plan', 'engine', 'explain'],
};

const stageRules = Object.entries(coreStages).map(([stage, allowed]) => ({
  name: `core-${stage}`,
  comment: `core/${stage} may import only ${[stage, ...allowed].join(', ')}`,
  severity: 'error',
  from: { path: `^packages/core/src/${stage}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^packages/core/src/', pathNot: `^packages/core/src/(${[stage, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...stageRules,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'core runs in a browser: no Node.js built-in',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-imports-nothing-above',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: '^(packages/proxy|apps|demo|e2e)/' },
    },
    {
      name: 'proxy-knows-no-resources',
      comment: 'a sidecar knows no Kubernetes: only base, snapshot, xds, plan and engine',
      severity: 'error',
      from: { path: '^packages/proxy/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/core/src/', pathNot: '^packages/core/src/(base|snapshot|xds|plan|engine)/' },
    },
    { name: 'proxy-imports-no-app', severity: 'error', from: { path: '^packages/proxy/' }, to: { path: '^apps/' } },
    {
      name: 'web-imports-agent-by-type-only',
      severity: 'error',
      from: { path: '^apps/web/' },
      to: { path: '^apps/agent/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'web-imports-no-proxy', severity: 'error', from: { path: '^apps/web/' }, to: { path: '^packages/proxy/' } },
    {
      name: 'features-do-not-know-each-other',
      severity: 'error',
      from: { path: '^apps/web/src/features/([^/]+)/' },
      to: { path: '^apps/web/src/features/', pathNot: '^apps/web/src/features/$1/' },
    },
    {
      name: 'components-are-below-features',
      severity: 'error',
      from: { path: '^apps/web/src/(components|lib)/' },
      to: { path: '^apps/web/src/(features|app)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|packages/envoy-api/gen' },
    exclude: { path: '(^|/)(\\.next|gen|node_modules)/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
    },
  },
};
