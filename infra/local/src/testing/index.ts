export { findFlaws } from './find-flaws.ts';
export { natsCli, type NatsCli, natsCliPath, whyNoNatsCli } from './nats-cli.ts';
export { findChromium, looks, testBrowser, type TestBrowser, type TestPage, whyNoBrowser } from './test-browser.ts';
export { testDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts';
export { testMailbox } from './test-mailbox.ts';
export { testNats, type TestNats, type TestNatsOptions } from './test-nats.ts';
export { testPostgres, type TestPostgres } from './test-postgres.ts';
export type { Restartable } from './restartable.ts';
export { createTempFolder, type TempFolder } from './temp-folder.ts';
