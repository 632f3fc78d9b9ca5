import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SmtpError } from './smtp-error.ts';

/** Makes each conversation with the mail server a span, with its reply, and measures it. */
export function observeSends(
  url: string,
): <Receipt extends { replyCode: number }>(send: () => Promise<Receipt>) => Promise<Receipt> {
  const { hostname, port } = new URL(url);
  const tracer = trace.getTracer('@postrider/email');
  const duration = metrics.getMeter('@postrider/email').createHistogram('postrider.smtp.send.duration', {
    description: 'Time from taking a connection until the mail server’s answer, by its reply code (0: none).',
    unit: 's',
    advice: { explicitBucketBoundaries: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600] },
  });
  return async (send) => {
    const attributes = { 'server.address': hostname, ...(port !== '' && { 'server.port': Number(port) }) };
    const span = tracer.startSpan('smtp send', { kind: SpanKind.CLIENT, attributes });
    const started = performance.now();
    const end = (replyCode: number): void => {
      duration.record((performance.now() - started) / 1_000, { reply_code: replyCode });
      span.setAttribute('smtp.reply_code', replyCode).end();
    };
    try {
      const receipt = await send();
      end(receipt.replyCode);
      return receipt;
    } catch (error) {
      const { phase, replyCode = 0 } = error instanceof SmtpError ? error : {};
      span.setStatus({ code: SpanStatusCode.ERROR, message: phase === undefined ? 'a bug' : `in phase ${phase}` });
      end(replyCode);
      throw error;
    }
  };
}
