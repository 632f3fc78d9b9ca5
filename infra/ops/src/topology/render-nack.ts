import type { ConsumerDeclaration, StreamDeclaration, Topology } from '@postrider/messaging';
import { stringify } from 'yaml';

/**
 * The topology as resources of NACK, the JetStream controller for Kubernetes (`jetstream.nats.io/v1beta2`, as of NACK's deploy/crds.yml in
 * 2026): one YAML document each, streams first. Streams outlive their resources (`preventDelete`): who removes a manifest
 * by mistake must not remove the events.
 *
 * @throws when a declared setting has no field there, since the controller would then make another stream
 */
export function renderNack({ streams, consumers }: Topology): string {
  const resources = [...streams.map(streamResource), ...consumers.map(consumerResource)];
  return resources.map((resource) => `---\n${stringify(resource, { lineWidth: 0 })}`).join('');
}

function streamResource(stream: StreamDeclaration): object {
  const spec = { ...translate(stream, streamFields, `stream ${stream.name}`), preventDelete: true };
  return { ...resource('Stream', stream.name), spec };
}

function consumerResource({ stream_name: streamName, config }: ConsumerDeclaration): object {
  const { durable_name: name } = config;
  return {
    ...resource('Consumer', name),
    spec: { streamName, ...translate(config, consumerFields, `consumer ${name}`) },
  };
}

/** Names of resources are lower-case, with dashes (RFC 1123). */
function resource(kind: 'Stream' | 'Consumer', name: string): object {
  return {
    apiVersion: 'jetstream.nats.io/v1beta2',
    kind,
    metadata: { name: name.toLowerCase().replaceAll('_', '-') },
  };
}

function translate(declared: object, fields: ReadonlyMap<string, Field>, what: string): Record<string, unknown> {
  const entries = Object.entries(declared).map(([setting, value]) => {
    const field = fields.get(setting);
    if (field === undefined) throw new Error(`NACK has no field for ${setting} of ${what}.`);
    return [field.name, field.write(value)] as const;
  });
  return Object.fromEntries(entries);
}

interface Field {
  readonly name: string;
  readonly write: (value: unknown) => unknown;
}

const asIs = (name: string): Field => ({ name, write: (value) => value });
/** Nanoseconds to Go's notation. */
const duration = (name: string): Field => ({ name, write: (value) => `${Number(value) / 1e9}s` });
/** `last_per_subject` to `lastPerSubject`. */
const camelCased = (name: string): Field => ({
  name,
  write: (value) => String(value).replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase()),
});

const streamFields = new Map<string, Field>([
  ['name', asIs('name')],
  ['description', asIs('description')],
  ['subjects', asIs('subjects')],
  ['retention', asIs('retention')],
  ['metadata', asIs('metadata')],
  ['storage', asIs('storage')],
  ['num_replicas', asIs('replicas')],
  ['discard', asIs('discard')],
  ['max_consumers', asIs('maxConsumers')],
  ['max_msgs', asIs('maxMsgs')],
  ['max_bytes', asIs('maxBytes')],
  ['max_age', duration('maxAge')],
  ['max_msgs_per_subject', asIs('maxMsgsPerSubject')],
  ['max_msg_size', asIs('maxMsgSize')],
  ['duplicate_window', duration('duplicateWindow')],
  ['compression', asIs('compression')],
  ['deny_delete', asIs('denyDelete')],
  ['deny_purge', asIs('denyPurge')],
  ['allow_rollup_hdrs', asIs('allowRollup')],
  ['allow_direct', asIs('allowDirect')],
  ['allow_msg_ttl', asIs('allowMsgTtl')],
  ['subject_delete_marker_ttl', duration('subjectDeleteMarkerTtl')],
  ['allow_msg_counter', asIs('allowMsgCounter')],
  ['allow_atomic', asIs('allowAtomicPublish')],
  ['allow_msg_schedules', asIs('allowMsgSchedules')],
]);

const consumerFields = new Map<string, Field>([
  ['durable_name', asIs('durableName')],
  ['description', asIs('description')],
  ['filter_subjects', asIs('filterSubjects')],
  ['deliver_policy', camelCased('deliverPolicy')],
  ['opt_start_seq', asIs('optStartSeq')],
  ['opt_start_time', asIs('optStartTime')],
  ['replay_policy', asIs('replayPolicy')],
  ['ack_policy', asIs('ackPolicy')],
  ['ack_wait', duration('ackWait')],
  ['max_deliver', asIs('maxDeliver')],
  ['max_ack_pending', asIs('maxAckPending')],
  ['max_waiting', asIs('maxWaiting')],
  ['inactive_threshold', duration('inactiveThreshold')],
  ['num_replicas', asIs('replicas')],
  ['metadata', asIs('metadata')],
]);
