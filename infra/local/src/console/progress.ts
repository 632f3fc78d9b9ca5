import { styleText } from 'node:util';

/** Tells a person what happens, one line each. */
export interface Progress {
  /** Runs a step and says how it went and how long it took. What the step returns as `detail` stands beside its title. */
  step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
  note(text: string): void;
  warn(text: string): void;
}

export function createProgress(print: (line: string) => void): Progress {
  return {
    step: async (title, work) => {
      const startedAt = performance.now();
      let detail = '';
      const line = (mark: string): string => {
        const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
        return `${mark} ${title}${detail === '' ? '' : styleText('dim', `, ${detail}`)} ${styleText('dim', `(${seconds} s)`)}`;
      };
      try {
        const result = await work((text) => (detail = text));
        print(line(styleText('green', '✓')));
        return result;
      } catch (error) {
        print(line(styleText('red', '✗')));
        throw error;
      }
    },
    note: (text) => print(`${styleText('dim', '·')} ${text}`),
    warn: (text) => print(`${styleText('yellow', '!')} ${text}`),
  };
}
