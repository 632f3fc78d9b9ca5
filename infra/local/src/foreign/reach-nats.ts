import { jetstreamManager } from '@nats-io/jetstream';
import {
  AuthorizationError,
  connect,
  type NatsConnection,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { parseNatsUrl } from '@postrider/messaging';
import { type ForeignServer, isTlsRefusal, type Patience, RefusedError, untilItAnswers } from './until-it-answers.ts';

export interface ReachedNats {
  /** `2.15.1`. */
  readonly version: string;
}

/** Makes sure that NATS at the URL answers, lets us in, and has JetStream for us. */
export async function reachNats(server: ForeignServer, patience: Patience): Promise<ReachedNats> {
  return untilItAnswers(server, patience, async () => contact(server));
}

async function contact({ url, variable }: ForeignServer): Promise<ReachedNats> {
  let nc: NatsConnection | undefined;
  try {
    nc = await connect({ ...parseNatsUrl(url), name: 'postrider local stack', timeout: 2_000, reconnect: false });
    if (nc.info?.jetstream !== true)
      throw new RefusedError('it runs without JetStream', 'Start it with -js, or name another server');
    await jetstreamManager(nc, { timeout: 2_000 });
    return { version: nc.info.version };
  } catch (error) {
    throw refusal(error, variable) ?? error;
  } finally {
    await nc?.close();
  }
}

/** What will be refused again; undefined for what may be over in a moment. */
function refusal(error: unknown, variable: string): RefusedError | undefined {
  if (!(error instanceof Error)) return undefined;
  const refuse = (fix: string): RefusedError => new RefusedError(error.message, fix, { cause: error });
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError)
    return refuse(`Put name and password right in ${variable}`);
  if (error.cause instanceof PermissionViolationError)
    return refuse(`Name a user in ${variable} who may create streams and consumers`);
  if (/jetstream not enabled/i.test(error.message)) return refuse('Enable JetStream for that account');
  if (isTlsRefusal(error)) return refuse('Let Node trust the certificate (NODE_EXTRA_CA_CERTS)');
  return undefined;
}
