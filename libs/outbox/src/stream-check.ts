import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { StoredEvent } from './event.ts';
import type { Lease } from './lease.ts';
import type { StreamPort, StreamState } from './stream-port.ts';
import { compactNotes, liftIds, type Note, readHighest, readNote, repairLoss } from './watermarks.ts';

/** An acknowledgement: which event stands where in its stream. */
export interface Acknowledged {
  readonly event: StoredEvent;
  readonly position: number;
  /** The stream had it before: the position is an old one. */
  readonly isDuplicate: boolean;
}

/** Compares streams with what was noted about them, and puts back on the list what they lost. See `watermarks.ts`. */
export interface StreamCheck {
  /** Looks at every stream that was ever noted, if a look is due; what can't be looked at now is tried again soon. */
  lookAround(): Promise<void>;
  /** Makes sure that this stream was looked at since the last (re)connection or failure. @returns how many events it had lost */
  verify(stream: string): Promise<number>;
  /** What is known of the stream may be over: it failed. */
  forget(stream: string): void;
  /** Whether it took batches when it was last looked at. */
  takesBatches(stream: string): boolean;
  /** What to note about a page; repairs first what its positions give away. @throws when a stream has to be looked at for it and can't be */
  notesOf(acknowledged: readonly Acknowledged[]): Promise<Note[]>;
}

export interface StreamCheckOptions {
  readonly pool: Pool;
  readonly port: StreamPort;
  readonly lease: Lease;
  readonly leaseName: string;
  readonly log: Logger;
  readonly lookEveryMs: number;
}

/** Until a look that failed is repeated: the stream may be missing, or the broker away. */
const lookAgainMs = 5_000;

interface Seen {
  readonly state: StreamState;
  /** The highest position noted; positions grow. */
  readonly highest: number;
}

interface Watch extends StreamCheckOptions {
  readonly seen: Map<string, Seen>;
}

export function createStreamCheck(options: StreamCheckOptions): StreamCheck {
  const { pool, port, log, lookEveryMs } = options;
  const watch: Watch = { ...options, seen: new Map() };
  let generation = port.generation?.();
  let lookAt = 0;
  let areIdsLifted = false;

  const forgetWhenReconnected = (): void => {
    if (port.generation?.() === generation) return;
    generation = port.generation?.();
    watch.seen.clear();
    lookAt = 0;
  };

  const look = async (stream: string): Promise<number> => inspect(watch, stream, (await readHighest(pool)).get(stream));

  return {
    async lookAround() {
      forgetWhenReconnected();
      if (port.inspect === undefined || performance.now() < lookAt) return;
      lookAt = performance.now() + lookEveryMs;
      await compactNotes(pool);
      const looks: (() => Promise<unknown>)[] = [...(await readHighest(pool))].map(
        ([stream, note]) =>
          async () =>
            inspect(watch, stream, note),
      );
      if (!areIdsLifted) looks.push(async () => liftIds(pool, port).then(() => (areIdsLifted = true)));
      for (const look of looks) {
        try {
          await look();
        } catch (error) {
          log.debug({ err: error }, 'stream not looked at: trying again');
          lookAt = Math.min(lookAt, performance.now() + lookAgainMs);
        }
      }
    },
    async verify(stream) {
      forgetWhenReconnected();
      return watch.seen.has(stream) ? 0 : look(stream);
    },
    forget: (stream) => void watch.seen.delete(stream),
    takesBatches: (stream) => watch.seen.get(stream)?.state.takesBatches === true,
    async notesOf(acknowledged) {
      const notes: Note[] = [];
      for (const [stream, events] of Map.groupBy(acknowledged, ({ event }) => event.stream)) {
        // A reconnection under the page has us forget what was seen before it: nothing may leave the list without a note.
        if (!watch.seen.has(stream)) await look(stream);
        const known = watch.seen.get(stream);
        if (known !== undefined) notes.push(await noteOf(watch, stream, known, events)); // Else the port can't be inspected.
      }
      return notes;
    },
  };
}

/** Compares a stream with the highest note about it. @returns how many events it had lost */
async function inspect(
  watch: Watch,
  stream: string,
  noted: { readonly identity: string; readonly position: number } | undefined,
): Promise<number> {
  const state = await watch.port.inspect?.(stream);
  if (state === undefined) return 0;
  const isSame = noted === undefined || noted.identity === state.identity;
  const heldPosition = isSame ? await heldPositionOf(watch, stream, state) : 0;
  const highest = noted?.position ?? 0;
  watch.seen.set(stream, { state, highest: Math.min(highest, heldPosition) });
  return highest > heldPosition ? repair(watch, stream, state, heldPosition) : 0;
}

/** The last position that can be trusted: the last one there is, unless another message stands where a note says that ours does. */
async function heldPositionOf({ pool, port }: Watch, stream: string, state: StreamState): Promise<number> {
  let upTo = state.lastPosition;
  // Back in strides that double: it ends soon, and sends no more than twice what was lost.
  for (let skip = 0; port.isReplaced !== undefined; skip = skip * 2 + 1) {
    const note = await readNote(pool, { stream, identity: state.identity, upTo, skip });
    if (note === undefined) return skip === 0 ? upTo : 0;
    if (!(await port.isReplaced(note, note.position))) return skip === 0 ? upTo : note.position;
    upTo = note.position - 1;
  }
  return upTo;
}

async function repair(watch: Watch, stream: string, state: StreamState, heldPosition: number): Promise<number> {
  const { pool, lease, leaseName: name, log } = watch;
  const count = await repairLoss(
    pool,
    { name, owner: lease.owner, epoch: lease.epoch },
    { stream, state, heldPosition },
  );
  log.error({ stream, heldPosition, events: count }, 'stream lost what it had acknowledged: publishing it again');
  return count;
}

/** What to note about a page's events of one stream. A new position at or below the highest known one: the stream went back under our feet. */
async function noteOf(watch: Watch, stream: string, known: Seen, events: readonly Acknowledged[]): Promise<Note> {
  const fresh = events.filter(({ isDuplicate }) => !isDuplicate).map(({ position }) => position);
  const first = Math.min(...fresh);
  let { state, highest } = known;
  if (first <= highest) {
    // It may have been made anew: what it is now decides what the note is about.
    state = (await watch.port.inspect?.(stream)) ?? state;
    await repair(watch, stream, state, state.identity === known.state.identity ? first - 1 : 0);
    highest = first - 1;
  }
  const last = events.reduce((one, other) => (other.position > one.position ? other : one));
  const { position } = last;
  const lowestId = events.map(({ event }) => BigInt(event.id)).reduce((least, id) => (id < least ? id : least));
  watch.seen.set(stream, { state, highest: Math.max(highest, position) });
  return { stream, identity: state.identity, position, positionId: last.event.id, lowestId: String(lowestId) };
}
