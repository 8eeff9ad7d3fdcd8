import { type Dirent, readdirSync, statSync, watch } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Calls back with the path, relative to `root`, of every file that is written, made, renamed or removed below it, until
 * the signal aborts. Each folder is watched by itself: Node's recursive watch loses a file on Linux once an editor has
 * replaced it.
 * @param enters false for the name of a folder that is of no interest
 */
export function watchTree(
  root: string,
  enters: (name: string) => boolean,
  signal: AbortSignal,
  onFile: (path: string) => void,
): void {
  const watched = new Set<string>();

  function follow(folder: string): void {
    if (watched.has(folder) || signal.aborted) return;
    watched.add(folder);
    const watcher = watch(folder, { signal }, (_event, name) => {
      if (name === null) return;
      const path = join(folder, name);
      if (enters(name) && isFolder(path)) follow(path);
      else onFile(relative(root, path));
    });
    watcher.on('error', () => watched.delete(folder));
    watcher.on('close', () => watched.delete(folder));
    for (const entry of entriesOf(folder)) {
      if (entry.isDirectory() && enters(entry.name)) follow(join(folder, entry.name));
    }
  }

  follow(root);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // gone again
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
