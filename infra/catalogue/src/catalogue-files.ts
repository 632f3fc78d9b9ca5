import { asyncApiOf } from './asyncapi.ts';
import type { Catalogue, PublishedEvent } from './catalogue.ts';
import { pageOf } from './page/page.ts';
import { typesOf } from './types.ts';

/** Every file of the catalogue by its path in it. The same contracts make the same bytes. */
export function catalogueFiles(catalogue: Catalogue): Map<string, string> {
  const perEvent = catalogue.events.flatMap((event): [string, string][] => [
    [`schemas/${event.type}.json`, json(schemaDocument(event))],
    [`samples/${event.type}.json`, json(event.sample)],
  ]);
  return new Map([
    ['contracts.json', json(catalogue)],
    ['asyncapi.json', json(asyncApiOf(catalogue))],
    ['events.d.ts', typesOf(catalogue)],
    ['index.html', pageOf(catalogue)],
    ...perEvent,
  ]);
}

/** What `ce-dataschema` leads to. */
function schemaDocument({ type, schemaPath, description, schema, deprecated, sample }: PublishedEvent): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: schemaPath,
    title: type,
    description,
    ...(deprecated !== undefined && { deprecated: true }),
    ...schema,
    examples: [sample],
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
