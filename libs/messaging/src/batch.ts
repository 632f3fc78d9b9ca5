import { type MsgHdrs, type NatsConnection, nuid } from '@nats-io/transport-node';

/** A message of a batch. Its headers are the batch's from now on. */
export interface BatchMessage {
  readonly subject: string;
  readonly body: string;
  readonly headers: MsgHdrs;
}

export interface BatchToCommit {
  /**
   * @returns the sequence of the first message; the others follow it
   * @throws when the stream refused the batch (a duplicate id refuses it whole), or did not answer
   */
  commit(): Promise<{ firstPosition: number }>;
}

/**
 * Hands messages of one stream over as an atomic batch, all but the last, which commits it.
 * https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-50.md
 *
 * The client's own batches drop `msgID` and hide errors, hence these few headers. Nothing is asked before the commit: it is refused if anything
 * before it was (10176: incomplete), and if the batch is older than ten seconds. All messages arrive in order, since they
 * take the same connection; one that breaks in between leaves the batch incomplete. That the stream is the right one is said by the
 * commit alone: a message in the middle that is another's is missing in this one.
 *
 * @throws when a message is larger than the server takes
 */
export function stageBatch(nc: NatsConnection, stream: string, messages: readonly BatchMessage[]): BatchToCommit {
  const id = nuid.next();
  const last = messages.at(-1);
  if (last === undefined) throw new Error('A batch has at least one message.');
  for (const [index, { subject, body, headers }] of messages.entries()) {
    headers.append('Nats-Batch-Id', id);
    headers.append('Nats-Batch-Sequence', `${index + 1}`);
    if (index < messages.length - 1) nc.publish(subject, body, { headers });
  }
  last.headers.append('Nats-Batch-Commit', '1');
  last.headers.append('Nats-Expected-Stream', stream);
  return {
    async commit() {
      const reply = await nc.request(last.subject, last.body, { headers: last.headers, timeout: 5_000 });
      const answer: BatchAnswer = reply.json();
      if (answer.error !== undefined)
        throw new Error(`The stream ${stream} answers ${answer.error.err_code}: ${answer.error.description}.`);
      // An older server takes the last message for an ordinary one.
      if (answer.batch !== id || answer.count !== messages.length)
        throw new Error(`The stream ${stream} does not know what a batch is.`);
      return { firstPosition: answer.seq - messages.length + 1 };
    },
  };
}

/** The part of a publish acknowledgement that is read here. */
interface BatchAnswer {
  readonly error?: { readonly err_code: number; readonly description: string };
  /** Of the last message. */
  readonly seq: number;
  readonly batch?: string;
  readonly count?: number;
}
