import { DomainError } from '@postrider/runtime';
import { isDatabaseOutage } from '@postrider/runtime/database';

export function translateError(error: unknown): DomainError | undefined {
  return isDatabaseOutage(error) ? unavailable(error) : undefined;
}

export function unavailable(cause?: unknown): DomainError {
  return new DomainError(
    'unavailable',
    'unavailable',
    'The service can’t do this right now, or could not hear whether it was done. Try again shortly.',
    { cause, retryAfterSeconds: 2 },
  );
}

export function overloaded(): DomainError {
  return new DomainError(
    'unavailable',
    'overloaded',
    'More is waiting to be published than this service may owe. Nothing was changed; try again later.',
    { retryAfterSeconds: 10 },
  );
}
