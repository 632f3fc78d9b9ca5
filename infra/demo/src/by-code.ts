import { emailVerificationIssued, emailVerified } from '@postrider/contracts';
import { type Journey, sideBySide } from './journey.ts';
import { confirm, confirmAgain, deliveryFact, eventOnStream, mailInMailbox, type Person, register } from './steps.ts';

/** The shorter way of an account whose owner types the code where they registered. */
export async function travelByCode(journey: Journey, person: Person): Promise<void> {
  const isTheirs = ({ data }: { data: { email: string } }): boolean => data.email === person.email;
  const { flowId } = await register(journey, person);
  const [mail] = await sideBySide([
    mailInMailbox(journey, person, 'Confirm your email address', [['holds', 'a link and a code, not shown here']]),
    eventOnStream(journey, person, emailVerificationIssued, { fits: isTheirs }),
  ]);

  const code = /^\d{8}$/m.exec(mail.text)?.[0] ?? '';
  await confirm(journey, person, { flowId, code });
  await confirmAgain(journey, person, { flowId, code });

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
