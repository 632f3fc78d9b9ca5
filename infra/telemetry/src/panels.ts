/** What the dashboard shows, in the order in which somebody on call asks: do people notice, are promises kept, where does it stick. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  /** As Grafana names it: `s` seconds, `ops` per second, `short` a count, `percentunit` a share of 1, `bytes`. */
  readonly unit: 's' | 'ops' | 'reqps' | 'short' | 'percentunit' | 'bytes';
  readonly queries: readonly Query[];
}

export interface Query {
  /** PromQL. `$__rate_interval` is four scrapes, as Grafana fills it in. */
  readonly expr: string;
  /** Of each series, with its labels in double braces. */
  readonly legend: string;
}

export const rows: readonly Row[] = [
  {
    title: 'What people notice',
    panels: [
      {
        title: 'Requests',
        description: 'Answers of the public listener, by status.',
        unit: 'reqps',
        queries: [
          {
            expr: 'sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count{listener="public"}[$__rate_interval]))',
            legend: '{{http_response_status_code}}',
          },
        ],
      },
      {
        title: 'Answer time',
        description: 'Of the public listener.',
        unit: 's',
        queries: quantiles('http_server_request_duration_seconds', '{listener="public"}'),
      },
      {
        title: 'From the request to the mail server',
        description: 'From the recording of an event until the mail server had taken its mail.',
        unit: 's',
        queries: quantiles('postrider_mail_lag_seconds'),
      },
    ],
  },
  {
    title: 'What is promised',
    panels: [
      {
        title: 'Requests that failed (objective: 0.1 %)',
        description: 'Share of answers of the public listener that were a 5xx.',
        unit: 'percentunit',
        queries: [{ expr: 'postrider:http_errors:ratio_rate5m', legend: 'failed' }],
      },
      {
        title: 'Mails later than 30 s (objective: 1 %)',
        description: 'Share of mails that the mail server took later than 30 s after their event was recorded.',
        unit: 'percentunit',
        queries: [{ expr: 'postrider:mails_late:ratio_rate5m', legend: 'late' }],
      },
      {
        title: 'Parts at work',
        description: '1: works in every replica. 0: down in at least one.',
        unit: 'short',
        queries: [{ expr: 'min by (job, part) (postrider_part_up)', legend: '{{job}}: {{part}}' }],
      },
    ],
  },
  {
    title: 'The outbox',
    panels: [
      {
        title: 'Events published',
        description: 'By stream and outcome; `refused` ones are parked, `failed` ones are tried again.',
        unit: 'ops',
        queries: [
          {
            expr: 'sum by (stream, outcome) (rate(postrider_events_published_total[$__rate_interval]))',
            legend: '{{stream}} {{outcome}}',
          },
        ],
      },
      {
        title: 'From the commit to the stream',
        description: 'From the recording of an event until its stream had stored it.',
        unit: 's',
        queries: quantiles('postrider_event_publish_lag_seconds'),
      },
      {
        title: 'Events that wait',
        description:
          'Pending: not yet published. Parked: refused by their stream, and those behind them. Replicas of a service count the same ones.',
        unit: 'short',
        queries: [
          { expr: 'max by (job) (postrider_outbox_pending)', legend: '{{job}} pending' },
          { expr: 'max by (job) (postrider_outbox_parked)', legend: '{{job}} parked' },
        ],
      },
    ],
  },
  {
    title: 'The consumers',
    panels: [
      {
        title: 'Deliveries',
        description: 'By durable and outcome; a `dead` one is a dead letter.',
        unit: 'ops',
        queries: [
          {
            expr: 'sum by (durable, outcome) (rate(postrider_events_handled_total[$__rate_interval]))',
            legend: '{{durable}} {{outcome}}',
          },
        ],
      },
      {
        title: 'From the commit to the consumer',
        description: 'From the recording of an event until it was handled.',
        unit: 's',
        queries: quantiles('postrider_event_handle_lag_seconds'),
      },
      {
        title: 'Handlers at work',
        description: 'Of all replicas. A durable whose intake is closed waits for a dependency.',
        unit: 'short',
        queries: [
          { expr: 'sum by (durable) (postrider_handlers_busy)', legend: '{{durable}}' },
          { expr: 'sum by (durable) (1 - postrider_intake_open) > 0', legend: '{{durable}} closed' },
        ],
      },
    ],
  },
  {
    title: 'The mails',
    panels: [
      {
        title: 'Attempts to send',
        description: 'By outcome. After an `ambiguous` one a second copy may be under way.',
        unit: 'ops',
        queries: [
          {
            expr: 'sum by (mail, outcome) (rate(postrider_mail_attempts_total[$__rate_interval]))',
            legend: '{{mail}} {{outcome}}',
          },
        ],
      },
      {
        title: 'The mail server’s answer',
        description: 'Conversations with it, 99th percentile, by reply code; 0: no reply.',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.99, sum by (le, reply_code) (rate(postrider_smtp_send_duration_seconds_bucket[$__rate_interval])))',
            legend: '{{reply_code}}',
          },
        ],
      },
      {
        title: 'PostgreSQL’s answer',
        description: 'Queries of the services’ own pools.',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.99, sum by (le, job) (rate(db_client_operation_duration_seconds_bucket[$__rate_interval])))',
            legend: '{{job}} p99',
          },
        ],
      },
    ],
  },
  {
    title: 'The processes',
    panels: [
      {
        title: 'CPU',
        description: 'Cores in use, by replica.',
        unit: 'short',
        queries: [{ expr: 'rate(process_cpu_time_seconds_total[$__rate_interval])', legend: '{{job}} {{instance}}' }],
      },
      {
        title: 'Memory',
        description: 'Resident, by replica.',
        unit: 'bytes',
        queries: [{ expr: 'process_memory_usage_bytes', legend: '{{job}} {{instance}}' }],
      },
      {
        title: 'Event loop',
        description: 'Delay, 99th percentile since the last scrape: how late a busy process gets to its work.',
        unit: 's',
        queries: [{ expr: 'nodejs_eventloop_delay_p99_seconds', legend: '{{job}} {{instance}}' }],
      },
    ],
  },
];

/** The usual and the worst of a histogram, over all replicas. */
function quantiles(histogram: string, matchers = ''): Query[] {
  return [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(${histogram}_bucket${matchers}[$__rate_interval])))`,
    legend: `p${quantile * 100}`,
  }));
}
