/** What `npm start` was told can't work until it is told otherwise: trying again is of no use. Exit code 78 (EX_CONFIG). */
export class UnusableConfigError extends Error {
  override readonly name = 'UnusableConfigError';
}
