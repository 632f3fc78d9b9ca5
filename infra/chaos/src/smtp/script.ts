import { z } from 'zod';

/**
 * Where a session can go another way. `body` is the first line of a message, `final` the answer to its last. With `refuse`, which is the
 * server not being there, and `hang`, these are all the ends that a connection can come to.
 */
export const stages = ['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'body', 'final'] as const;
export type Stage = (typeof stages)[number];

/** What a server does there, for a share of those who come: cuts the connection, says nothing, or answers otherwise. */
export const deviation = z.object({
  stage: z.enum(stages),
  does: z.union([z.literal('drop'), z.literal('hang'), z.object({ reply: z.string().regex(/^[245]\d\d /) })]),
  share: z.number().min(0).max(1),
  /** Only for recipients that begin so; known from `rcpt` on. */
  to: z.string().optional(),
});
export type Deviation = z.infer<typeof deviation>;

export const script = z.array(deviation);

/** A message that the server has, whole. It is written down before the answer, which may never be heard. */
export const takenMail = z.object({
  at: z.number(),
  messageId: z.string(),
  to: z.string(),
  /** What the link of a verification mail proves the address with. */
  token: z.string().optional(),
  /** What the link of a mail sets a new password with. */
  resetToken: z.string().optional(),
  isAnswered: z.boolean(),
});
export type TakenMail = z.infer<typeof takenMail>;
