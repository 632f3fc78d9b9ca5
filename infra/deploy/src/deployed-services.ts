import { configSchema as email } from '@postrider/email/config';
import { parseConfig } from '@postrider/runtime';
import { configSchema as user } from '@postrider/user/config';

/** What a deployment of a service has to agree with. */
export interface DeployedService {
  /** The variables that its configuration knows. */
  readonly variables: ReadonlySet<string>;
  /** @throws {ConfigError} as the service does when it starts with that environment */
  judge(env: Readonly<Record<string, string>>): void;
  /** Its listeners where no variable moves them. */
  readonly ports: Readonly<Record<string, number>>;
}

export const deployedServices: Readonly<Record<'user' | 'email', DeployedService>> = {
  user: {
    variables: new Set(Object.keys(user.in.shape)),
    judge: (env) => void parseConfig(user, env),
    ports: {
      public: user.in.shape.PUBLIC_PORT.parse(undefined),
      gateway: user.in.shape.GATEWAY_PORT.parse(undefined),
      admin: user.in.shape.ADMIN_PORT.parse(undefined),
    },
  },
  email: {
    variables: new Set(Object.keys(email.in.shape)),
    judge: (env) => void parseConfig(email, env),
    ports: { admin: email.in.shape.PORT.parse(undefined) },
  },
};
