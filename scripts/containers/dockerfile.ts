import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One stage of a Dockerfile, as far as tests look at it. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  /** Word and the rest of each instruction, continued lines joined. */
  readonly instructions: readonly { readonly word: string; readonly rest: string }[];
}

/** The arguments before the first stage, and the stages in their order. */
export function parseDockerfile(text: string): {
  args: Readonly<Record<string, string>>;
  stages: readonly Stage[];
} {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const args: Record<string, string> = {};
  const stages: { name: string; base: string; instructions: { word: string; rest: string }[] }[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const [, base = '', name = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
    if (word === 'FROM') stages.push({ name, base, instructions: [] });
    else if (stages.length === 0) args[rest.split('=')[0] ?? ''] = rest.slice(rest.indexOf('=') + 1);
    else stages.at(-1)?.instructions.push({ word, rest });
  }
  return { args, stages };
}

/** What ENV sets in a stage, with `${…}` left as it is. */
export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = stage.instructions
    .filter(({ word }) => word === 'ENV')
    .flatMap(({ rest }) => rest.split(/\s+(?=\w+=)/));
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** What every container of our images has in its environment before anybody adds to it. */
export function imageEnvironment(): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const image = parseDockerfile(text).stages.at(-1);
  if (image === undefined) throw new Error('the Dockerfile has no stage');
  const environment = environmentOf(image);
  return { ...environment, SERVICE_VERSION: '0.1.0' };
}
