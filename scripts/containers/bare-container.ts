import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, linkSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What stays of a container without a container runtime: a root file system, and a process that sees nothing else. */
export interface BareContainer {
  /** Runs a program of the image with exactly this environment. */
  run(args: readonly string[], env: Readonly<Record<string, string>>): ContainerProcess;
  /** The process sees only the image and cannot write to it because it is mounted so, not only because of its modes. */
  readonly isolated: boolean;
}

export interface ContainerProcess {
  /** Both streams, so far. */
  output(): string;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  signal(name: NodeJS.Signals): void;
}

const USER = 10_001;

/**
 * Makes the root file system of an image of this machine's Node: Node, the shared libraries it is linked with, what the
 * image has in /app and the files given. Nothing else: no shell, no npm, no /etc.
 * @param root a new folder
 * @param tree what is to be /app
 * @param mounts further folders that are only read, such as Secrets: place in the container → folder
 */
export function bareContainer(
  root: string,
  tree: string,
  mounts: Readonly<Record<string, string>> = {},
): BareContainer {
  const node = realpathSync(process.execPath);
  // Native modules are linked with parts of libc that Node itself does without; every image of a libc has all of them.
  const machineCode = [node, ...filesBelow(tree).filter((file) => file.endsWith('.node'))];
  for (const file of new Set([node, ...machineCode.flatMap(sharedLibraries)])) {
    const place = file === node ? '/nodejs/bin/node' : file;
    mkdirSync(join(root, dirname(place)), { recursive: true });
    linkOrCopy(realpathSync(file), join(root, place));
  }
  cpSync(tree, join(root, 'app'), { recursive: true });
  for (const [place, folder] of Object.entries(mounts)) {
    cpSync(folder, join(root, place), { recursive: true });
  }
  for (const empty of ['tmp', 'proc']) mkdirSync(join(root, empty));
  makeReadOnly(root);
  const isolated = canIsolate();
  return {
    isolated,
    run: (args, env) => start(isolated ? isolatedCommand(root) : plainCommand(root), args, env),
  };
}

interface Command {
  readonly words: readonly string[];
  /** Turns a path of the image into one that the process can open. */
  readonly path: (inImage: string) => string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** Mounts of its own: the image read-only, /tmp and /proc on top; then it becomes the root, and the user changes. */
function isolatedCommand(root: string): Command {
  const script = [
    'set -e',
    'mount --bind "$0" "$0"',
    'mount -o remount,bind,ro "$0"',
    'mount -t tmpfs -o mode=1777,size=64m tmpfs "$0/tmp"',
    'mount -t proc proc "$0/proc"',
    `exec chroot --userspec=${USER}:${USER} --groups= "$0" "$@"`,
  ].join('\n');
  const words = ['unshare', '--mount', '/bin/sh', '-c', script, root, '/nodejs/bin/node'];
  return { words, path: (inImage) => inImage };
}

/** Without the right to mount: the modes of the files alone keep it from writing. */
function plainCommand(root: string): Command {
  const user = process.getuid?.() === 0 ? { user: { uid: USER, gid: USER } } : {};
  const path = (inImage: string) => join(root, inImage);
  return { words: [path('/nodejs/bin/node')], path, ...user };
}

function start(
  { words, path, user }: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const [file = '', ...rest] = words;
  const program = args.map((word) => (word.startsWith('/app/') ? path(word) : word));
  const inImage = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      /^\/(etc|var|tmp)\//.test(value) ? path(value) : value,
    ]),
  );
  // Looked up by us with our PATH; the process itself gets what the image and the test say.
  const child = spawn(which(file), [...rest, ...program], {
    cwd: '/',
    env: inImage,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  return containerProcess(child);
}

function containerProcess(child: ChildProcess): ContainerProcess {
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => void chunks.push(chunk));
  return {
    output: () => Buffer.concat(chunks).toString(),
    exited: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    }),
    signal: (name) => void child.kill(name),
  };
}

function canIsolate(): boolean {
  const probe =
    'mount --bind /usr /usr && mount -o remount,bind,ro /usr && chroot --userspec=10001:10001 / /bin/true';
  return spawnSync('unshare', ['--mount', '/bin/sh', '-c', probe], { stdio: 'ignore' }).status === 0;
}

function sharedLibraries(program: string): string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...listed.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path = '']) => path);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    cpSync(from, to); // another file system
  }
}

function makeReadOnly(root: string): void {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Links share their modes with the originals, which can be run and read already.
    if (entry.isFile() && statSync(path).nlink === 1) chmodSync(path, isProgram(path) ? 0o555 : 0o444);
    if (entry.isDirectory())
      chmodSync(path, entry.name === 'tmp' && entry.parentPath === root ? 0o1777 : 0o555);
  }
  chmodSync(root, 0o555);
}

const isProgram = (path: string) => basename(path) === 'node' || /\/lib[^/]*\//.test(path);

function which(name: string): string {
  if (name.startsWith('/')) return name;
  return execFileSync('/bin/sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
}
