import type { Catalogue, PublishedEvent } from './catalogue.ts';
import { streams } from './streams.ts';

/**
 * The AsyncAPI 3 document: a channel and an operation an event, seen from the services that send them.
 * https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApiOf({ events, envelope }: Catalogue): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Postrider events',
      version: '1.0.0',
      description:
        'What Postrider publishes to NATS JetStream: CloudEvents 1.0 in binary mode, the data as JSON in the body, the rest in headers. ' +
        'Delivered at least once, in order for one user. Ignore what you don’t know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      tags: streams.map(({ name, description }) => ({ name, description })),
    },
    defaultContentType: 'application/json',
    servers: {
      local: { host: 'localhost:4222', protocol: 'nats', description: 'As `npm start` starts it.' },
    },
    channels: Object.fromEntries(events.map((event) => [event.type, channel(event)])),
    operations: Object.fromEntries(events.map((event) => [event.type, operation(event)])),
    components: {
      messages: Object.fromEntries(events.map((event) => [event.type, message(event)])),
      schemas: { envelope: { ...envelope, title: 'Headers of every event' } },
    },
  };
}

function channel({ type, subject, aggregate, description, stream, schema }: PublishedEvent): object {
  const properties = schema['properties'] as Record<string, { description?: string }>; // Of an object's schema.
  return {
    address: subject,
    title: type,
    description: `${description} In the stream ${stream}.`,
    servers: [{ $ref: '#/servers/local' }],
    parameters: {
      [aggregate]: {
        description: properties[aggregate]?.description ?? 'Whom it is about.',
        location: `$message.payload#/${aggregate}`,
      },
    },
    messages: { event: { $ref: reference('components/messages', type) } },
    tags: [{ name: stream }],
  };
}

function operation({ type, description, deprecated }: PublishedEvent): object {
  return {
    action: 'send',
    channel: { $ref: reference('channels', type) },
    summary: description,
    messages: [{ $ref: `${reference('channels', type)}/messages/event` }],
    ...(deprecated !== undefined && {
      description: `Deprecated: published until ${deprecated.until}; ${deprecated.successor} takes over.`,
    }),
  };
}

function message({ type, description, schema, sample, schemaPath, aggregate }: PublishedEvent): object {
  return {
    name: type,
    title: type,
    summary: description,
    contentType: 'application/json',
    headers: { $ref: '#/components/schemas/envelope' },
    payload: schema,
    examples: [
      { name: 'sample', headers: sampleHeaders(type, schemaPath, String(sample[aggregate])), payload: sample },
    ],
  };
}

/** The envelope of a sample. */
export function sampleHeaders(type: string, schemaPath: string, subject: string): Record<string, string> {
  return {
    'ce-specversion': '1.0',
    'ce-id': '0192f1a0-7b01-7abc-8def-0123456789ab',
    'ce-source': type.startsWith('email.') ? '/postrider/email' : '/postrider/user',
    'ce-type': type,
    'ce-subject': subject,
    'ce-time': '2026-11-24T09:00:00.000Z',
    'ce-sequence': '1042',
    'ce-datacontenttype': 'application/json',
    'ce-dataschema': schemaPath,
    'ce-correlationid': 'req-4f2a',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}

/** A JSON pointer; types hold no characters that it would escape. */
function reference(place: string, type: string): string {
  return `#/${place}/${type}`;
}
