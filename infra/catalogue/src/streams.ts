/** The streams whose events the catalogue describes, in the order in which they are shown. */
export const streams = [
  {
    name: 'USER_EVENTS',
    title: 'About users',
    isPublic: true,
    description: 'Facts about users, for whoever may know them. Kept for 30 days.',
  },
  {
    name: 'EMAIL_EVENTS',
    title: 'About mails',
    isPublic: true,
    description: 'What became of each mail. Never an address. Kept for 30 days.',
  },
  {
    name: 'USER_CHALLENGES',
    title: 'Private',
    isPublic: false,
    description:
      'One-time secrets, sealed for the email service, which alone may read them. Each lives as long as its challenge.',
  },
] as const;
