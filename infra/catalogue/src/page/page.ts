import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import { sampleHeaders } from '../asyncapi.ts';
import type { Catalogue, PublishedEvent } from '../catalogue.ts';
import { streams } from '../streams.ts';
import { type Field, fieldsOf } from './fields.ts';

const folder = import.meta.dirname;
const eta = new Eta({ views: folder, autoTrim: ['nl', false] });

/** The catalogue to read: one page, nothing from elsewhere, light and dark. */
export function pageOf({ events, envelope }: Catalogue): string {
  const lost = events.find(({ stream }) => !streams.some(({ name }) => name === stream));
  if (lost !== undefined)
    throw new Error(`${lost.type} is in the stream ${lost.stream}, which streams.ts does not know.`);
  const sections = streams
    .map((stream) => ({ ...stream, events: events.filter((event) => event.stream === stream.name).map(shown) }))
    .filter((section) => section.events.length > 0);
  return eta.render('./page', {
    sections,
    envelope: fieldsOf(envelope),
    css: readFileSync(join(folder, 'page.css'), 'utf8').trim(),
    script: readFileSync(join(folder, 'page.browser.js'), 'utf8').trim(),
  });
}

interface ShownEvent extends PublishedEvent {
  readonly fields: readonly Field[];
  /** The subject with its variable part apart. */
  readonly subjectHead: string;
  readonly wire: string;
}

function shown(event: PublishedEvent): ShownEvent {
  const { type, schemaPath, schema, sample, subject, aggregate, pii } = event;
  const headers = Object.entries(sampleHeaders(type, schemaPath, String(sample[aggregate])));
  return {
    ...event,
    subjectHead: subject.slice(0, subject.indexOf('{')),
    fields: fieldsOf(schema, pii),
    wire: [...headers.map(([name, value]) => `${name}: ${value}`), '', JSON.stringify(sample, null, 2)].join('\n'),
  };
}
