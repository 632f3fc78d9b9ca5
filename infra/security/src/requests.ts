import type { OpenAPIV3_1 } from 'openapi-types';
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { hostileBodies, hostileHeaders, hostilePaths, hostileTexts } from './hostile.ts';
import { type Schema, valueOf } from './value-of.ts';

/** A request as it goes over the wire. */
export interface FuzzedRequest {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

/** What is known beforehand: tokens, addresses and ids that are good. */
export interface Knowledge {
  readonly emails: readonly string[];
  readonly passwords: readonly string[];
  readonly accessTokens: readonly string[];
  readonly ids: readonly string[];
}

/**
 * Requests to the operations of an OpenAPI document: valid ones, nearly valid ones (a valid body with one thing changed), and hostile
 * ones (bodies, types, headers and paths of no schema).
 */
export function requestsOf(document: OpenAPIV3_1.Document, knowledge: Knowledge): Arbitrary<FuzzedRequest> {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item ?? {}).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation: operation as OpenAPIV3_1.OperationObject,
    })),
  );
  return fc.oneof(...operations.map((one) => requestTo(one, knowledge)));
}

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly operation: OpenAPIV3_1.OperationObject;
}

function requestTo({ path, method, operation }: Operation, knowledge: Knowledge): Arbitrary<FuzzedRequest> {
  const [type, schema] = bodyOf(operation);
  const valid = schema === undefined ? fc.constant(undefined) : withKnowledge(valueOf(schema), knowledge);
  const nearly = valid.chain((value) => nearlyValid(value));
  const good = fc.tuple(
    goodPath(path, knowledge),
    valid.map((value) => toText(value, type)),
    goodHeaders(operation, type, knowledge),
  );
  const near = fc.tuple(
    goodPath(path, knowledge),
    nearly.map((value) => toText(value, type)),
    goodHeaders(operation, type, knowledge),
  );
  const bad = fc.tuple(hostilePaths(path), hostileBodies(), hostileHeaders(type));
  return fc
    .oneof({ weight: 4, arbitrary: good }, { weight: 4, arbitrary: near }, { weight: 3, arbitrary: bad })
    .map(([target, body, headers]) => ({
      operation: `${method} ${path}`,
      method,
      path: target,
      headers: body === undefined ? withoutType(headers) : headers,
      body: method === 'GET' || method === 'HEAD' ? undefined : body,
    }));
}

function bodyOf(operation: OpenAPIV3_1.OperationObject): [type: string, schema: Schema | undefined] {
  const body = operation.requestBody;
  const content = body !== undefined && 'content' in body ? body.content : {};
  const [type = 'application/json', media] = Object.entries(content)[0] ?? [];
  if (media?.schema === undefined) return [type, undefined];
  const examples = Object.values(media.examples ?? {}).map((one) => ('value' in one ? one.value : undefined));
  const all = [...examples, media.example, ...listOf(media.schema)].filter((one) => one !== undefined);
  return [type, { ...media.schema, examples: all }];
}

function listOf(schema: object): unknown[] {
  return 'examples' in schema && Array.isArray(schema.examples) ? schema.examples : [];
}

/** Addresses and passwords that exist, now and then, so that requests get past the first check. */
function withKnowledge(value: Arbitrary<unknown>, { emails, passwords, accessTokens }: Knowledge): Arbitrary<unknown> {
  const email = fc.oneof(fc.constantFrom(...emails), fc.emailAddress());
  const password = fc.oneof(fc.constantFrom(...passwords), fc.string({ minLength: 15, maxLength: 40 }));
  const token = fc.constantFrom(...accessTokens, 'nonsense');
  return fc.tuple(value, email, password, token).map(([base, address, secret, access]) => {
    if (typeof base !== 'object' || base === null) return base;
    const known = Object.entries(base).map(([name, former]) => {
      if (/email/i.test(name)) return [name, address];
      if (name === 'token' && former === 'access') return [name, access];
      return [name, /password/i.test(name) ? secret : former];
    });
    return Object.fromEntries(known);
  });
}

/** One thing changed: a field gone, added, twice, or of another kind. */
function nearlyValid(value: unknown): Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return fc.jsonValue();
  const names = Object.keys(value);
  const some = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    hostileTexts(),
    fc.double(),
    fc.array(hostileTexts(), { maxLength: 3 }),
  );
  const changed = fc
    .tuple(fc.constantFrom(...names, 'role'), some)
    .map(([name, other]) => ({ ...value, [name]: other }));
  const twice = fc.constantFrom(...names, 'a').map((name) => {
    const text = JSON.stringify(value);
    return new RawBody(
      `${text.slice(0, -1)}${names.length > 0 ? ',' : ''}${JSON.stringify(name)}:null,${JSON.stringify(name)}:1}`,
    );
  });
  const without = fc
    .constantFrom(...names, 'a')
    .map((name) => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)));
  const polluted = fc
    .constantFrom('__proto__', 'constructor', 'toString', 'isAdmin', 'emailVerified', 'id', '$where')
    .map(
      (name) =>
        new RawBody(
          JSON.stringify(value).replace(/^\{/, `{${JSON.stringify(name)}:{"a":1}${names.length > 0 ? ',' : ''}`),
        ),
    );
  return fc.oneof(changed, twice, without, polluted);
}

const formType = 'application/x-www-form-urlencoded';

class RawBody {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function toText(value: unknown, type: string): string | undefined {
  if (value === undefined) return undefined;
  if (type === formType && typeof value === 'object' && value !== null && !(value instanceof RawBody))
    return new URLSearchParams(
      Object.entries(value).map(([name, one]): [string, string] => [name, String(one)]),
    ).toString();
  return value instanceof RawBody ? value.text : JSON.stringify(value);
}

function goodPath(path: string, { ids }: Knowledge): Arbitrary<string> {
  const id = fc.oneof(fc.constantFrom(...ids), fc.uuid());
  return fc
    .tuple(id, fc.constantFrom('', '', '?limit=2', '?cursor=x', '?limit=1&limit=2'))
    .map(([value, query]) => path.replaceAll(/\{\w+\}/g, value) + query);
}

function goodHeaders(
  operation: OpenAPIV3_1.OperationObject,
  type: string,
  { accessTokens }: Knowledge,
): Arbitrary<Record<string, string>> {
  const needsToken = (operation.security?.length ?? 0) > 0;
  const token = fc.constantFrom(...accessTokens, 'nonsense');
  return fc
    .tuple(token, fc.boolean(), fc.constantFrom(undefined, '"1"', '*', 'W/"1"', 'x'), fc.uuid())
    .map(([access, isKeyed, tag, key]) => ({
      'content-type': type,
      ...(needsToken && { authorization: `Bearer ${access}` }),
      ...(tag !== undefined && { 'if-match': tag }),
      ...(isKeyed && { 'idempotency-key': `"${key}"` }),
    }));
}

function withoutType(headers: Record<string, string>): Record<string, string> {
  const { 'content-type': _type, ...rest } = headers;
  return rest;
}
