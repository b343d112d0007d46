// `npm run check`: format, lint, types, dependency rules, unused exports, unit tests.
import { ensureBuilt, ensureInstalled } from './install.mjs';
import { runStaticChecks, runUnitTests } from './steps.mjs';
import { finish } from './summary.mjs';

ensureInstalled();
ensureBuilt();
finish([await runStaticChecks(), await runUnitTests()]);
