/** Who signs in with an nkey, as an accounts.conf has them: the services, the provisioner, and every subscriber. */
export function nkeyUsersOf(accounts: string): string[] {
  return [...accounts.matchAll(/nkey: \$NATS_([A-Z0-9_]+)_NKEY/g)].map(([, name = '']) =>
    name.toLowerCase().replaceAll('_', '-'),
  );
}

/** The variable of the server's environment that has the public half of a user's key. */
export function nkeyVariable(user: string): string {
  return `NATS_${user.toUpperCase().replaceAll('-', '_')}_NKEY`;
}
