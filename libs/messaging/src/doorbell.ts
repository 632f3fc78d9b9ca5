import type { Nats } from './connect.ts';

/**
 * Tells the other replicas that there is something to do: one of them may hold the lease. Plain core NATS, no stream: a ring that is
 * lost costs a poll's delay and nothing else. It carries nothing, and does not come back to the one who rang. At once for the first, and once
 * a millisecond for those that follow: more would wake the others for what they are told already.
 */
export interface Doorbell extends AsyncDisposable {
  /** Rings the own bell and the others'. Never throws. */
  ring(): void;
}

/**
 * @param subject the same for all replicas of one service, `svc.<service>.outbox`; never below a stream's subjects
 * @param bell rung by the others' rings too
 */
export function startDoorbell({
  nats,
  subject,
  bell,
}: {
  nats: Nats;
  subject: string;
  bell: { ring(): void };
}): Doorbell {
  const subscribed = nats.first().then(
    (nc) => nc.subscribe(subject, { callback: () => bell.ring() }),
    () => undefined, // The link was closed before it ever was up.
  );
  let subscription: Awaited<typeof subscribed>;
  void subscribed.then((value) => (subscription = value));
  const ringOthers = perMillisecond(() => {
    try {
      nats.current()?.publish(subject);
    } catch {
      // The connection is being closed: who still has something to do finds out by polling.
    }
  });
  return {
    ring() {
      bell.ring();
      ringOthers();
    },
    async [Symbol.asyncDispose]() {
      subscription?.unsubscribe();
    },
  };
}

/** Acts at once, and again a millisecond later if it was asked to meanwhile. */
function perMillisecond(act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isAsked = false;
  const start = (): void => {
    isAsked = false;
    act();
    timer = setTimeout(() => {
      timer = undefined;
      if (isAsked) start();
    }, 1);
  };
  return () => {
    if (timer === undefined) start();
    else isAsked = true;
  };
}
