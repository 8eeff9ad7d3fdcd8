/**
 * Ends the process as `kill -9` would when `ZOCO_FAILPOINT` names this point: `name`, or `name:0.05` for a chance of 5 %.
 * Lets tests crash a service between two lines; does nothing otherwise.
 */
export type Failpoint = (name: string) => void;

export function createFailpoint(setting: string | undefined): Failpoint {
  if (setting === undefined || setting === '') return () => {};
  const [wanted, chance = '1'] = setting.split(':');
  return (name) => {
    if (name === wanted && Math.random() < Number(chance)) process.kill(process.pid, 'SIGKILL');
  };
}
