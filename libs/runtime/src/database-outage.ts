/**
 * Whether the error says that the database can't do its work now, rather than that it refused the statement for what it is: it could
 * not be reached, is going away, is out of something, takes no writes (a standby, a demoted primary), does not know us or our
 * database (yet), or asks to run the transaction again. Nothing is wrong with what was asked, so asking again later is right.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isDatabaseOutage(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as Error & { code?: unknown }; // Node and pg both put their codes here.
    if (typeof code === 'string' && (serverCode.test(code) || networkCode.test(code))) return true;
    if (driverMessage.test(cause.message)) return true;
  }
  return false;
}

/** 08 connection, 25006 read-only, 28 not let in, 3D no such database, 40001 and 40P01 run again, 53 out of resources, 57P0 shutting down, 58 system. */
const serverCode = /^(08...|25006|28...|3D000|40001|40P01|53...|57P0.|58...)$/;
const networkCode = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
const driverMessage =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed and is not queryable/;
