import { emailVerificationIssued, emailVerified, userRegistered } from '@postrider/contracts';
import { z } from 'zod';
import { type Journey, sideBySide, take } from './journey.ts';
import {
  answerOf,
  confirm,
  confirmAgain,
  deliveryFact,
  eventOnStream,
  inWords,
  mailInMailbox,
  type Person,
  register,
} from './steps.ts';

const stateSchema = z.object({ state: z.string(), expiresAt: z.iso.datetime() });

/** The whole way of an account whose owner presses the button of the mail. */
export async function travelByLink(journey: Journey, person: Person): Promise<void> {
  const isTheirs = ({ data }: { data: { email: string } }): boolean => data.email === person.email;
  await register(journey, person);

  const challenged = eventOnStream(journey, person, emailVerificationIssued, {
    fits: isTheirs,
    tell: ({ data }) => [['sealed', `link and code, ${data.sealed.length} bytes of JWE`]],
  });
  const [, challenge, mail] = await sideBySide([
    eventOnStream(journey, person, userRegistered, { fits: isTheirs }),
    challenged,
    mailInMailbox(journey, person, 'Confirm your email address', [['holds', 'a link and a code, not shown here']]),
    deliveryFact(journey, person, challenged),
  ]);

  const token = /#verify=([\w-]{64})(?![\w-])/.exec(mail.text)?.[1] ?? '';
  await lookAtLink(journey, challenge.data.challengeId);
  await confirm(journey, person, { token });
  await confirmAgain(journey, person, { token });

  const verified = eventOnStream(journey, person, emailVerified, {
    fits: isTheirs,
    tell: ({ data }) => [['method', data.method]],
  });
  await sideBySide([
    verified,
    mailInMailbox(journey, person, 'Welcome to Postrider'),
    deliveryFact(journey, person, verified),
  ]);
}

/** What the page asks before it shows its button, and all that a mail scanner which follows links can cause: nothing. */
async function lookAtLink(journey: Journey, challengeId: string): Promise<void> {
  await take(journey, {
    title: 'Looking at the link consumes nothing',
    expected: '200 with the state open',
    look: [`${journey.logs}/user.log`],
    work: async (signal) => {
      const answer = await answerOf(await fetch(`${journey.info.userUrl}/v1/verifications/${challengeId}`, { signal }));
      const state = stateSchema.safeParse(answer.body);
      if (!state.success) throw new Error(inWords(answer));
      if (state.data.state !== 'open') throw new Error(`the state ${state.data.state}`);
      return state.data;
    },
    tell: ({ state, expiresAt }) => [
      ['id', challengeId],
      ['state', `${state}, until ${expiresAt}`],
    ],
  });
}
