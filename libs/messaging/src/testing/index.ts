export { aMessage, anEvent, type TestMessage } from './test-message.ts';
export { type Outcome, testHandlers, type TestHandlersOptions, type TestedHandlers } from './test-handlers.ts';
