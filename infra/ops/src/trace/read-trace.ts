import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** A line of a process's log. */
export interface TracedLine {
  readonly process: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly text: string;
}

const logged = z.object({ traceId: z.string(), time: z.coerce.date() });

/** The lines of a trace, or of those that begin so, in the order of time; of the logs as they are and as they were before the last start. */
export async function readTrace(folder: string, id: string): Promise<TracedLine[]> {
  const names = (await readdir(folder)).filter((name) => /\.log(\.1)?$/.test(name));
  const files = await Promise.all(names.map((name) => linesOf(folder, name, id)));
  return files.flat().toSorted((a, b) => a.at - b.at);
}

async function linesOf(folder: string, name: string, id: string): Promise<TracedLine[]> {
  const [process = name] = name.split('.');
  await using file = await open(join(folder, name));
  const found: TracedLine[] = [];
  for await (const text of file.readLines()) {
    const parsed = text.includes(id) ? logged.safeParse(parseJson(text)) : undefined;
    if (parsed?.data?.traceId.startsWith(id)) found.push({ process, at: parsed.data.time.getTime(), text });
  }
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Servers that write no JSON know no traces.
  }
}
