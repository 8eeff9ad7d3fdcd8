const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const QUOTED = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

/** What a regular expression may follow; after anything else a slash divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|else|do|await))$/;

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

/**
 * `source` with the insides of comments, strings, templates and regular expressions turned into spaces, so that
 * a search finds code only. Quotes, `${…}` and line breaks stay, and so does every offset.
 *
 * A scanner and not a parser: the boundaries need words in their place, and a compiler as a dependency of a
 * check costs more than these lines.
 */
export function maskSource(source: string): string {
  let masked = '';
  // Depth of braces inside each open `${`; the innermost template is the last.
  const templates: number[] = [];

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = masked.length;
    return pattern.exec(source)?.[0];
  };
  const templateText = (opening: string): void => {
    masked += opening;
    masked += blank(take(TEMPLATE_TEXT) ?? '');
    if (source.startsWith('${', masked.length)) {
      masked += '${';
      templates.push(0);
    } else if (masked.length < source.length) {
      masked += '`';
    }
  };

  while (masked.length < source.length) {
    const char = source.charAt(masked.length);
    const comment = char === '/' ? take(COMMENT) : undefined;
    const quoted = char === "'" || char === '"' ? take(QUOTED) : undefined;
    const regex = char === '/' && BEFORE_REGEX.test(masked.trimEnd().slice(-10)) ? take(REGEX) : undefined;
    const depth = templates.at(-1);

    if (comment !== undefined) masked += blank(comment);
    else if (quoted !== undefined) masked += char + blank(quoted.slice(1, -1)) + char;
    else if (regex !== undefined) masked += `/${blank(regex.slice(1, -1))}/`;
    else if (char === '`') templateText('`');
    else if (char === '}' && depth === 0) {
      templates.pop();
      templateText('}');
    } else {
      if (depth !== undefined && char === '{') templates.push((templates.pop() ?? 0) + 1);
      if (depth !== undefined && char === '}') templates.push((templates.pop() ?? 0) - 1);
      masked += char;
    }
  }
  return masked;
}
