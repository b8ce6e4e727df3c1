/**
 * The stage of the tests: a whole company (`tests/examples/till_stage`) as a child that
 * ends with this process, told what to do line by line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Device {
  readonly device_id: string;
  readonly name: string;
  readonly code: string;
}

export interface Person {
  readonly staff_id: string;
  readonly name: string;
  readonly role: 'CASHIER' | 'MANAGER' | 'ADMIN';
  readonly pin: string;
}

interface Told {
  readonly edge: string;
  readonly centre: string;
  readonly devices: readonly Device[];
  readonly staff: readonly Person[];
}

export interface BookedSale {
  readonly ticket: string;
  readonly sale: string;
  readonly no: number | null;
  readonly status: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly checks: number;
  readonly failed: readonly unknown[];
}

/** Where `cargo build --workspace --bins --examples` puts it. */
const PROGRAM =
  process.env['TILL_STAGE'] ??
  fileURLToPath(new URL('../../../target/debug/examples/till_stage', import.meta.url));

export class Stage {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly told: Told,
  ) {}

  static async start(...args: string[]): Promise<Stage> {
    if (!existsSync(PROGRAM)) {
      throw new Error(`${PROGRAM} is missing: cargo build --workspace --bins --examples`);
    }
    const child = spawn(PROGRAM, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!child.stdout) throw new Error('the stage has no stdout');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw new Error('the stage ended before it was set');
    return new Stage(child, lines, JSON.parse(first.value) as Told);
  }

  /** Has the stage do something; see `tests/examples/till_stage/command.rs`. */
  private async ask<T>(command: string): Promise<T> {
    this.child.stdin?.write(`${command}\n`);
    const line = await this.lines.next();
    if (line.done) throw new Error(`the stage ended at: ${command}`);
    const answer = JSON.parse(line.value) as { ok: T } | { error: string };
    if ('error' in answer) throw new Error(`${command}: ${answer.error}`);
    return answer.ok;
  }

  cutLine = () => this.ask<null>('cut-line');
  mendLine = () => this.ask<null>('mend-line');
  killEdge = () => this.ask<null>('kill-edge');
  startEdge = () => this.ask<null>('start-edge');
  pauseEdge = () => this.ask<null>('pause-edge');
  resumeEdge = () => this.ask<null>('resume-edge');
  raisePrices = () => this.ask<number>('raise-prices');
  books = () => this.ask<readonly BookedSale[]>('books');
  exceptions = () => this.ask<readonly { kind: string; ticket: string | null }[]>('exceptions');
  verify = () => this.ask<Verdict>('verify');
  sellElsewhere = (count: number) => this.ask<readonly string[]>(`sell-elsewhere ${count}`);
  /** The number of a ticket, as soon as the books have one. */
  numbered = (ticket: string) => this.ask<{ no: number; number: string }>(`numbered ${ticket}`);
  pay = (md5: string, amount: string, currency: string, account: string) =>
    this.ask<null>(`pay ${md5} ${amount} ${currency} ${account}`);

  person(name: string): Person {
    return found(this.told.staff.find((person) => person.name === name), name);
  }

  device(name: string): Device {
    return found(this.told.devices.find((device) => device.name === name), name);
  }

  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.stdin?.end('quit\n');
    await ended;
  }
}

function found<T>(thing: T | undefined, name: string): T {
  if (thing === undefined) throw new Error(`the stage has no ${name}`);
  return thing;
}
