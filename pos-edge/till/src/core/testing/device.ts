// A device with its browser, for tests of the core: several tabs on one storage, with
// the locks and channels of a real one; a tab can die at any of its steps.
//
// Storage is IndexedDB's own semantics (fake-indexeddb), encryption the real WebCrypto,
// prices the real engine.
import 'fake-indexeddb/auto';
import { existsSync, readFileSync } from 'node:fs';
import { engineFrom, type Engine } from '../../engine';
import { createCore, type RunningCore } from '../core';
import type { Locks, Ports } from '../ports';
import type { Core } from '../types';
import type { FakeEdge } from './edge';
import type { Simulation } from './simulation';

const wasm = new URL('../../../engine/till_engine.wasm', import.meta.url);
if (!existsSync(wasm)) throw new Error('run ./ops/build-till --engine first');
const engine: Promise<Engine> = engineFrom(readFileSync(wasm));

/** Where a tab can die. */
export type Step =
  /** It asked for the lock of a sale; nothing is written. */
  | 'lock'
  /** The sale is written; its post was not sent. */
  | 'before post'
  /** The edge answered; the page did not see it. */
  | 'after post'
  /** What the answer came to is written; nobody was told. */
  | 'told';

let devices = 0;

export class Device {
  readonly database = `till-${(devices += 1)}`;
  readonly tabs: Tab[] = [];
  private readonly held = new Map<string, Tab>();
  private readonly waiting: LockRequest[] = [];
  /** Dead tabs run no code: what waits for them never ends. */
  room = { usage: 0, quota: 1_000_000_000 };

  constructor(readonly simulation: Simulation, readonly edge: FakeEdge) {}

  async open(): Promise<Tab> {
    const tab = new Tab(this);
    this.tabs.push(tab);
    await tab.core.start();
    return tab;
  }

  request(tab: Tab, name: string, ifAvailable: boolean, signal: AbortSignal | undefined, run: (lock: unknown) => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.held.has(name) && ifAvailable) {
        run(null).then(resolve, reject);
        return;
      }
      const aborted = () => {
        const index = this.waiting.indexOf(request);
        if (index >= 0) this.waiting.splice(index, 1);
        reject(new DOMException('aborted', 'AbortError'));
      };
      const granted = (lock: unknown) => {
        signal?.removeEventListener('abort', aborted);
        return run(lock);
      };
      const request = { tab, name, run: granted, resolve, reject };
      signal?.addEventListener('abort', aborted);
      this.waiting.push(request);
      this.grant();
    });
  }

  released(tab: Tab): void {
    for (const [name, holder] of this.held) if (holder === tab) this.held.delete(name);
    for (const request of [...this.waiting]) {
      if (request.tab === tab) this.waiting.splice(this.waiting.indexOf(request), 1);
    }
    this.grant();
  }

  private grant(): void {
    for (const request of [...this.waiting]) {
      if (this.held.has(request.name)) continue;
      this.waiting.splice(this.waiting.indexOf(request), 1);
      this.held.set(request.name, request.tab);
      const over = () => {
        if (this.held.get(request.name) === request.tab) this.held.delete(request.name);
        this.grant();
      };
      request.run({}).finally(over).then(request.resolve, request.reject);
    }
  }
}

interface LockRequest {
  readonly tab: Tab;
  readonly name: string;
  readonly run: (lock: unknown) => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Tab {
  dead = false;
  private dieAt: Step | null = null;
  private readonly running: RunningCore;
  private heard: ((message: unknown) => void) | null = null;
  private awake: (() => void)[] = [];

  constructor(readonly device: Device) {
    this.running = createCore(this.ports());
  }

  get core(): Core {
    return this.running.core;
  }

  /** Dies when it next comes to that step. */
  die(at: Step): void {
    this.dieAt = at;
  }

  /** As if the browser was killed. */
  kill(): void {
    this.dead = true;
    this.device.released(this);
  }

  close(): void {
    this.running.stop();
    this.kill();
  }

  wakeUp(): void {
    for (const act of this.awake) act();
  }

  /** Never comes back if the tab is dead, or dies here. */
  private async step(step: Step | null): Promise<void> {
    if (step !== null && this.dieAt === step) this.kill();
    if (this.dead) await new Promise(() => {});
  }

  private ports(): Ports {
    const { simulation, edge } = this.device;
    const locks: Locks = {
      request: async (name, { ifAvailable = false, signal }, held) => {
        await this.step(name.startsWith('till-sale:') && signal === undefined ? 'lock' : null);
        return this.device.request(this, name, ifAvailable, signal, held);
      },
    };
    return {
      isSecure: true,
      database: this.device.database,
      locks,
      crypto: counted(simulation),
      now: () => simulation.now,
      after: (milliseconds, act) => simulation.after(milliseconds, () => !this.dead && act()),
      loadEngine: () => engine,
      onAwake: (act) => this.awake.push(act),
      pages: null,
      storage: {
        estimate: async () => this.device.room,
        persist: async () => true,
        persisted: async () => true,
      },
      channel: {
        post: (message) => {
          if (this.dieAt === 'told') this.kill();
          if (this.dead) return;
          for (const tab of this.device.tabs) if (tab !== this && !tab.dead) tab.heard?.(message);
        },
        listen: (heard) => (this.heard = heard),
      },
      fetch: async (input, init) => {
        const sale = String(input) === '/v1/sales';
        await this.step(sale ? 'before post' : null);
        const answer = await edge.fetch(String(input), init ?? {}).catch(async (error: unknown) => {
          await this.step(null);
          throw error;
        });
        await this.step(sale ? 'after post' : null);
        return answer;
      },
    };
  }
}

/** WebCrypto works in other threads: it is counted as something under way. */
function counted(simulation: Simulation): Crypto {
  const real = globalThis.crypto;
  const subtle = new Proxy(real.subtle, {
    get(target, name: keyof SubtleCrypto) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => simulation.during(method.apply(target, args));
    },
  });
  return {
    subtle,
    getRandomValues: (array) => real.getRandomValues(array),
    randomUUID: () => real.randomUUID(),
  };
}
