// `npm test`: installs what it needs and runs everything; the last line is `N passed, N failed`.
import { ensureBrowser } from './browser.mjs';
import { ensureEnvoy } from './envoy.mjs';
import { ensureBuilt, ensureInstalled } from './install.mjs';
import { runEndToEndTests, runIntegrationTests, runStaticChecks, runUnitTests } from './steps.mjs';
import { finish } from './summary.mjs';

ensureInstalled();
ensureBuilt();
const browser = ensureBrowser();
const envoy = ensureEnvoy();
finish([await runStaticChecks(), await runUnitTests(), await runIntegrationTests(envoy), await runEndToEndTests(browser)]);
