import type { Options } from '../options.ts';
import { checkLines, writeScenarioReport } from '../report/write-scenario-report.ts';
import { isHeld, type Scenario } from '../scenarios/scenario.ts';
import { clock, type CommandContext, inResults, openWorkplace } from './command.ts';

/** Measures one scenario. @returns the exit code */
export async function measureScenario(context: CommandContext, options: Options, scenario: Scenario): Promise<number> {
  const { print, signal, startedAt } = context;
  const workplace = await openWorkplace(context);
  const begun = performance.now();
  print(`Measuring: ${scenario.what} …`);
  const result = await scenario.run({
    ...workplace.surroundings,
    nodes: 1,
    minutes: options.scenarioMinutes,
    onProgress: (text) => print(`${clock(begun)}  ${text}`),
    signal,
  });
  print(`\n${checkLines(result)}`);
  const report = options.report ?? inResults(context, scenario.name);
  await writeScenarioReport(report, scenario.name, result, startedAt);
  print(`\nThe report: ${report}`);
  await workplace.leave(options.keep || !isHeld(result));
  return isHeld(result) ? 0 : 1;
}
