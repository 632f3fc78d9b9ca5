/* oxlint-disable typescript/explicit-module-boundary-types -- the type of a zod schema is its definition */
import { z } from 'zod';
import { isNetwork } from './client-address.ts';

/** The part of a service's environment that tells whose a request is, to be spread into the service's own schema. */
export const clientSettings = {
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((network) => network.trim())
        .filter(Boolean),
    )
    .refine((networks) => networks.every(isNetwork), {
      message: 'must be IP addresses or CIDR blocks, joined by commas, such as 10.0.0.0/8,::1',
    })
    .meta({
      group: 'Clients',
      values: 'IP addresses and CIDR blocks, joined by commas',
      description:
        'Proxies and gateways in front of this service. Only what they say about a client’s address is believed; without any, the connection’s own address counts.',
      example: '10.0.0.0/8,2001:db8:1::/48',
    }),
  CLIENT_ADDRESS_HEADER: z.enum(['x-forwarded-for', 'forwarded']).default('x-forwarded-for').meta({
    description:
      'The header in which they say it. Proxies write one and pass the other on as the client sent it, so only one can be believed.',
    example: 'forwarded',
  }),
};
